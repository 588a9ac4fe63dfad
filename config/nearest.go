package config

// nearest returns the word that takes the fewest changes of one letter to turn
// s into, or "" when none is near.
func nearest(s string, words []string) string {
	best, least := "", max(2, len(s)/3)+1
	if len(s) > maxCompared {
		return ""
	}
	for _, w := range words {
		if d := distance(s, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// maxCompared bounds the work on keys from outside.
const maxCompared = 100

// distance counts the letters to insert, remove or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
