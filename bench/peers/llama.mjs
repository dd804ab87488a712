// llama.cpp by node-llama-cpp's prebuilt library: one token after a cached context.
// The calls are those of its own evaluation loop, without its queue: a batch is made, decoded and
// read back. What is timed is making and decoding the batch, with logits.

import {readFileSync, writeFileSync} from "node:fs";
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";

const folder = `${process.env.BENCH_NODE}/node_modules/node-llama-cpp`;
const {getLlama} = await import(pathToFileURL(`${folder}/dist/index.js`));
const {version} = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const threads = Number(process.env.BENCH_THREADS);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, maxThreads: threads,
    logLevel: "error"});
const models = new Map(), cases = new Map();

async function setup({case: wanted}) {
    if (!models.has(wanted.model))
        models.set(wanted.model, await llama.loadModel({modelPath: wanted.model}));
    const model = models.get(wanted.model);
    const ids = wanted.ids[0];
    const context = await model.createContext({
        contextSize: 256, sequences: 1, threads: {ideal: threads, min: threads},
        flashAttention: wanted.flash ?? false});
    context._ctx.setThreads(threads);
    const decode = async (tokens, at) => {
        context._ctx.initBatch(tokens.length);
        const [logits] = context._ctx.addToBatch(0, at, Uint32Array.from(tokens),
            Uint32Array.from([tokens.length - 1]));
        await context._ctx.decodeBatch();
        return logits;
    };
    await decode(ids, 0);
    const made = {
        run: () => decode([wanted.next[0]], ids.length),
        after: () => context._ctx.removeTokenCellsFromSequence(0, ids.length, -1),
        context, model, vocabulary: wanted.vocabulary
    };
    cases.set(wanted.id, made);
    const seconds = await timed(made);
    return {seconds, about: `node-llama-cpp ${version}, llama.cpp ${llama.llamaCppRelease.release}`};
}

async function timed(made) {
    const start = performance.now();
    await made.run();
    const seconds = (performance.now() - start) / 1e3;
    made.after();
    return seconds;
}

async function run({id, warm, calls}) {
    const made = cases.get(id), seconds = [];
    for (let i = 0; i < warm; i++)
        await timed(made);
    for (let i = 0; i < calls; i++)
        seconds.push(await timed(made));
    return {seconds};
}

async function answer({id, path}) {
    const made = cases.get(id);
    const at = await made.run();
    const sampler = new llama._bindings.AddonSampler(made.model._model);
    sampler.applyConfig?.({temperature: 0});
    const [, , , pairs] = await made.context._ctx.sampleToken(at, sampler, false, false, true);
    sampler.dispose?.();
    made.after();
    const row = new Float32Array(made.vocabulary);
    for (let i = 0; i < pairs.length; i += 2)
        row[pairs[i]] = pairs[i + 1];
    const three = new Float32Array(3 * row.length); // the same token is first, middle and last
    for (let i = 0; i < 3; i++)
        three.set(row, i * row.length);
    writeFileSync(path, three);
    return {numbers: three.length};
}

async function forget() {
    for (const {context} of cases.values())
        await context.dispose();
    for (const model of models.values())
        await model.dispose();
    cases.clear();
    models.clear();
    return {};
}

const doers = {setup, run, answer, forget};
for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    let reply;
    try {
        reply = await doers[request.do](request);
    } catch (e) {
        reply = {error: String(e?.message ?? e)};
    }
    process.stdout.write(JSON.stringify(reply) + "\n");
}
process.exit(0);
