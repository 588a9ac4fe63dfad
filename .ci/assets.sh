#!/usr/bin/env bash
# Builds the scripts and the base map of the pages: templates/assets/dist. Pages
# work without them, so a machine without npm is told and let go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	cat >&2 <<-'TEXT'
		npm is not installed: building without the scripts and the base map. Pages work,
		but their maps are plain drawings. Install Node.js 20 or later, then run make again.
	TEXT
	exit 0
fi
cd templates/assets
npm ci --no-audit --no-fund --loglevel=error
npm run --silent build
mkdir -p ../../.tools
touch ../../.tools/assets-built
