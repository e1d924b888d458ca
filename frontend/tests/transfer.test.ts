import { expect, test } from "vitest";
import { isNoise } from "../src/upload/picking";
import { backOff, type Entry, type Progress, Rate, Refused, type Sender, Transfer } from "../src/upload/transfer";

const entry = (name: string, size = 100): Entry => ({ path: `${name}.dcm`, size, sha256: name });

class Server implements Sender {
  puts: string[] = [];
  waits: number[] = [];
  running = 0;
  most = 0;
  failures = new Map<string, Error[]>();

  async put(one: Entry, onBytes: (bytes: number) => void, stop: AbortSignal): Promise<void> {
    this.puts.push(one.sha256);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise((done) => setTimeout(done, 1));
    this.running -= 1;
    if (stop.aborted) throw new Error("stopped");
    const error = this.failures.get(one.sha256)?.shift();
    if (error) throw error;
    onBytes(one.size);
  }

  async wait(ms: number): Promise<void> {
    this.waits.push(ms);
  }

  now(): number {
    return 0;
  }
}

function transfer(names: string[], missing: string[], server: Server): { run: Transfer; seen: Progress[] } {
  const seen: Progress[] = [];
  const run = new Transfer(names.map((n) => entry(n)), new Set(missing), server, (p) => seen.push(p), 4, 3);
  return { run, seen };
}

test("only what the server lacks is sent, each content once", async () => {
  const server = new Server();
  const { run, seen } = transfer(["a", "b", "b", "c"], ["b", "c"], server);
  await run.run();
  expect(server.puts.sort()).toEqual(["b", "c"]);
  expect(seen.at(-1)).toMatchObject({ doneFiles: 4, totalFiles: 4, doneBytes: 400, totalBytes: 400 });
});

test("no more files are under way than there are lanes", async () => {
  const server = new Server();
  const names = Array.from({ length: 20 }, (_, i) => `f${i}`);
  await transfer(names, names, server).run.run();
  expect(server.most).toBe(4);
  expect(server.puts).toHaveLength(20);
});

test("a lost connection is tried again after growing pauses", async () => {
  const server = new Server();
  server.failures.set("a", [new Error("lost"), new Error("lost")]);
  await transfer(["a"], ["a"], server).run.run();
  expect(server.puts).toEqual(["a", "a", "a"]);
  expect(server.waits).toEqual([1000, 2000]);
  expect(backOff(9)).toBe(30_000);
});

test("a refusal ends the transfer and is not repeated", async () => {
  const server = new Server();
  server.failures.set("a", [new Refused("too large")]);
  await expect(transfer(["a"], ["a"], server).run.run()).rejects.toThrow("too large");
  expect(server.puts).toEqual(["a"]);
});

test("a paused transfer sends nothing until it is resumed, then everything", async () => {
  const server = new Server();
  const { run } = transfer(["a", "b"], ["a", "b"], server);
  run.pause();
  const end = run.run();
  await new Promise((done) => setTimeout(done, 10));
  expect(server.puts).toEqual([]);
  run.resume();
  await end;
  expect(server.puts.sort()).toEqual(["a", "b"]);
});

test("files under way when paused are sent anew and do not count as failures", async () => {
  const server = new Server();
  const { run } = transfer(["a"], ["a"], server);
  const end = run.run();
  run.pause();
  await new Promise((done) => setTimeout(done, 10));
  run.resume();
  await end;
  expect(server.puts).toEqual(["a", "a"]);
  expect(server.waits).toEqual([]);
});

test("the rate forgets what is older than its window", () => {
  const rate = new Rate(1000);
  rate.add(0, 500_000);
  rate.add(5000, 100);
  rate.add(5500, 100);
  expect(rate.perSecond()).toBe(200);
});

test("left-overs of file managers are not images", () => {
  expect(isNoise("CT/Thumbs.db")).toBe(true);
  expect(isNoise("__MACOSX/CT/._1.dcm")).toBe(true);
  expect(isNoise("CT/1.dcm")).toBe(false);
});
