// A server made with Fedify, for the tests to federate with. It reads commands
// from its standard input, one JSON object with a name in "do" to a line, and
// answers each with one line, {"error": ...} when it went wrong. The first line
// it writes tells its address. Everything is in memory and on 127.0.0.1.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createFederation, generateCryptoKeyPair, MemoryKvStore, verifyProof, verifyRequestDetailed } from "@fedify/fedify";
import {
	Activity, Create, Endpoints, Follow, getTypeId, isActor, Mention, Note, Object as Thing, Person, PUBLIC_COLLECTION, Undo,
} from "@fedify/fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";

const cavage = "draft-cavage-http-signatures-12";
const rfc9421 = "rfc9421";

const form = (headers) => (headers.has("signature-input") ? rfc9421 : headers.has("signature") ? cavage : "");

// sent are the signed requests of the running command.
let sent = [];

// The network ends at this machine: a context that Fedify does not bring along
// is an error. It takes handles to mean HTTPS, which nothing here speaks.
const network = globalThis.fetch;
globalThis.fetch = async (input, init) => {
	const url = new URL(input.url ?? input);
	if (url.hostname !== "127.0.0.1") throw new TypeError(`${url} is not on this machine`);
	if (url.protocol === "https:" && url.pathname === "/.well-known/webfinger") {
		url.protocol = "http:";
		return network(url, init);
	}
	const headers = new Headers(input.headers ?? init?.headers);
	const method = input.method ?? init?.method ?? "GET";
	const response = await network(input, init);
	if (form(headers)) sent.push({ method, url: url.href, form: form(headers), status: response.status });
	return response;
};

// The actors share their keys, for it takes seconds to make one of the length
// that Fedify wants.
const keys = Promise.all([generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), generateCryptoKeyPair("Ed25519")]);

const notes = new Map(); // by their path

// federation returns a server that tries one form of signature first.
function federation(firstKnock) {
	const f = createFederation({ kv: new MemoryKvStore(), allowPrivateAddress: true, firstKnock });
	f.setActorDispatcher("/users/{identifier}", async (ctx, name) => {
		const pairs = await ctx.getActorKeyPairs(name);
		return new Person({
			id: ctx.getActorUri(name), preferredUsername: name, name: `${name} of Fedify`,
			inbox: ctx.getInboxUri(name), endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
			publicKey: pairs[0].cryptographicKey, assertionMethods: pairs.map((pair) => pair.multikey),
		});
	}).setKeyPairsDispatcher(() => keys);
	f.setObjectDispatcher(Note, "/users/{identifier}/notes/{id}", (_ctx, { identifier, id }) => notes.get(`${identifier}/${id}`));
	f.setInboxListeners("/users/{identifier}/inbox", "/inbox").on(Activity, (_ctx, activity) => {
		taken.set(activity.id.href, activity);
	});
	return f;
}

const federations = { [cavage]: federation(cavage), [rfc9421]: federation(rfc9421) };

const taken = new Map(); // the activities that Fedify handed over, by id
const came = []; // what was posted to the inboxes, until it is asked for
let arrived = () => {};
let refused = new Set(); // forms of signatures that are answered 401

// serve verifies what is posted by itself, for Fedify does not look at the
// signature of a request when the activity has a proof, and then hands it on.
async function serve(request) {
	const context = federations[rfc9421].createContext(new URL(base));
	if (request.method !== "POST") return federations[rfc9421].fetch(request, { contextData: undefined });
	const activity = await request.clone().json();
	const signature = await verifyRequestDetailed(request.clone(), context);
	const delivery = {
		id: activity.id, type: activity.type, actor: activity.actor, path: new URL(request.url).pathname,
		form: form(request.headers), signed: signature.verified, key: signature.key?.id?.href,
		reason: signature.verified ? "" : signature.reason.type, proofs: await proofs(activity, context),
	};
	const response = refused.has(delivery.form)
		? new Response("this form of signature is refused here", { status: 401 })
		: await federations[rfc9421].fetch(request, { contextData: undefined });
	delivery.status = response.status;
	const read = taken.get(activity.id);
	if (read) {
		delivery.taken = getTypeId(read).href;
		delivery.object = read.objectId?.href;
	}
	came.push(delivery);
	arrived();
	return response;
}

// proofs verifies the integrity proofs of a document, and once more of the same
// with another word in it, which must not hold.
async function proofs(document, context) {
	const list = [];
	const forged = { ...document, summary: `${document.summary ?? ""} and more` };
	for await (const proof of (await Thing.fromJsonLd(document, context)).getProofs(context)) {
		const key = await verifyProof(document, proof, context);
		list.push({
			method: proof.verificationMethodId?.href, suite: proof.cryptosuite, holds: key != null,
			controller: key?.controllerId?.href, forgeable: (await verifyProof(forged, proof, context)) != null,
		});
	}
	return list;
}

const contextOf = (command) => federations[command.form ?? rfc9421].createContext(new URL(base));

async function found(context, what, documentLoader = context.documentLoader) {
	const object = await context.lookupObject(what, { documentLoader });
	if (object == null) throw new Error(`${what} was not found`);
	return object;
}

async function idsOf(things) {
	const ids = [];
	for await (const thing of things) ids.push(thing.id.href);
	return ids;
}

const commands = {
	// lookup describes an actor or an object as Fedify reads it, by handle or URL,
	// in requests that an actor signs if one is named.
	async lookup(command) {
		const context = contextOf(command);
		const documentLoader = command.as ? await context.getDocumentLoader({ identifier: command.as }) : context.documentLoader;
		const loaders = { documentLoader, contextLoader: context.contextLoader };
		const object = await found(context, command.what, documentLoader);
		const { document } = await documentLoader(object.id.href);
		const answer = {
			id: object.id.href, type: getTypeId(object).href, name: object.name?.toString(),
			content: object.content?.toString(), proofs: await proofs(document, loaders),
		};
		if (!isActor(object)) return { ...answer, author: object.attributionId?.href };
		return {
			...answer, handle: object.preferredUsername?.toString(), inbox: object.inboxId?.href,
			shared: object.endpoints?.sharedInbox?.href, followers: object.followersId?.href,
			keys: await idsOf(object.getPublicKeys(loaders)), methods: await idsOf(object.getAssertionMethods(loaders)),
		};
	},

	// outbox lists the activities of an actor, newest first.
	async outbox(command) {
		const context = contextOf(command);
		const pages = [];
		const documentLoader = async (url, options) => {
			const answer = await context.documentLoader(url, options);
			pages.push(answer.document);
			return answer;
		};
		const outbox = await (await found(context, command.what)).getOutbox(context);
		const items = [];
		for await (const item of context.traverseCollection(outbox, { documentLoader })) {
			const document = pages.flatMap((page) => page.orderedItems ?? []).find(({ id }) => id === item.id.href);
			items.push({
				id: item.id.href, type: getTypeId(item).href, object: item.objectId?.href, proofs: await proofs(document, context),
			});
		}
		return { items };
	},

	// follow follows what has the id and returns the id of the activity.
	async follow(command) {
		const context = contextOf(command);
		const target = await found(context, command.what);
		const id = new URL(`${context.getActorUri(command.as)}#follow/${crypto.randomUUID()}`);
		const follow = new Follow({ id, actor: context.getActorUri(command.as), object: target.id });
		await context.sendActivity({ identifier: command.as }, target, follow);
		return { id: id.href };
	},

	// unfollow takes a follow back.
	async unfollow(command) {
		const context = contextOf(command);
		const target = await found(context, command.what);
		const actor = context.getActorUri(command.as);
		await context.sendActivity({ identifier: command.as }, target, new Undo({
			id: new URL(`${command.id}/undo`), actor, object: new Follow({ id: new URL(command.id), actor, object: target.id }),
		}));
		return {};
	},

	// reply answers a post in public and returns the note's id.
	async reply(command) {
		const context = contextOf(command);
		const post = await found(context, command.what);
		const author = await post.getAttribution(context);
		const actor = context.getActorUri(command.as);
		const key = `${command.as}/${crypto.randomUUID()}`;
		const [identifier, id] = key.split("/");
		const note = new Note({
			id: context.getObjectUri(Note, { identifier, id }), attribution: actor, content: command.text,
			replyTarget: post.id, to: PUBLIC_COLLECTION, cc: author.id, published: Temporal.Now.instant(),
			tags: [new Mention({ href: author.id, name: `@${author.preferredUsername}` })],
		});
		notes.set(key, note);
		await context.sendActivity({ identifier: command.as }, author, new Create({
			id: new URL(`${note.id}#create`), actor, object: note, to: PUBLIC_COLLECTION, cc: author.id,
		}));
		return { id: note.id.href };
	},

	// refuse has requests with a form of signature answered 401.
	refuse(command) {
		refused = new Set([command.form]);
		return {};
	},

	// await returns the next delivery of a type, and waits for it.
	async await({ type }) {
		for (const limit = AbortSignal.timeout(30_000); ; ) {
			const k = came.findIndex((delivery) => delivery.type === type);
			if (k >= 0) return came.splice(k, 1)[0];
			await new Promise((resolve, reject) => {
				arrived = resolve;
				limit.onabort = () => reject(new Error(`no ${type} came, but ${JSON.stringify(came)}`));
			});
		}
	},
};

const server = createServer(async (incoming, outgoing) => {
	try {
		const parts = [];
		for await (const part of incoming) parts.push(part);
		const body = incoming.method === "POST" ? Buffer.concat(parts) : undefined;
		const response = await serve(new Request(new URL(incoming.url, base), { method: incoming.method, headers: incoming.headers, body }));
		outgoing.writeHead(response.status, Object.fromEntries(response.headers));
		outgoing.end(Buffer.from(await response.arrayBuffer()));
	} catch (error) {
		console.error(error);
		outgoing.writeHead(500).end();
	}
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;

const write = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
write({ id: base });
for await (const line of createInterface({ input: process.stdin })) {
	const command = JSON.parse(line);
	sent = [];
	try {
		write({ ...(await commands[command.do](command)), sent });
	} catch (error) {
		console.error(error);
		write({ error: `${command.do}: ${error.message}`, sent });
	}
}
process.exit();
