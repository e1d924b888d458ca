import { expect, test } from "vitest";
import { isNoise } from "../src/upload/picking";
import {
  backOff, type Entry, LoggedOut, messages, type Progress, Rate, Refused, type Sender, Transfer, type Watcher,
} from "../src/upload/transfer";

const entry = (name: string, size = 100): Entry => ({ size, sha256: name });

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

function transfer(
  names: string[],
  missing: string[],
  server: Server,
): { run: Transfer; seen: Progress[]; states: string[]; halts: string[] } {
  const seen: Progress[] = [];
  const states: string[] = [];
  const halts: string[] = [];
  const watcher: Watcher = {
    progress: (progress) => seen.push(progress),
    file: (sha256, state) => states.push(`${sha256} ${state}`),
    halted: (why) => halts.push(why),
  };
  const run = new Transfer(names.map((n) => entry(n)), new Set(missing), server, watcher, 4, 3);
  return { run, seen, states, halts };
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

test("a refused file is listed with its reason, and the others go on", async () => {
  const server = new Server();
  server.failures.set("a", [new Refused("The bytes that arrived are not those of the file.")]);
  const { run, seen, states } = transfer(["a", "b"], ["a", "b"], server);
  expect(await run.run()).toEqual([{ sha256: "a", why: "The bytes that arrived are not those of the file." }]);
  expect(server.puts.filter((name) => name === "a")).toEqual(["a"]);
  expect(states).toContain("a refused");
  expect(states).toContain("b here");
  expect(seen.at(-1)).toMatchObject({ doneFiles: 1, totalFiles: 2 });
});

test("whoever was logged out is told, and goes on after logging in again", async () => {
  const server = new Server();
  server.failures.set("a", [new LoggedOut("You were logged out.")]);
  const { run, halts } = transfer(["a"], ["a"], server);
  const end = run.run();
  await new Promise((done) => setTimeout(done, 20));
  expect(halts).toEqual(["You were logged out."]);
  expect(run.isPaused).toBe(true);
  run.resume();
  await end;
  expect(server.puts).toEqual(["a", "a"]);
});

test("a line that comes back is not waited for any longer", async () => {
  const server = new Server();
  server.wait = () => new Promise(() => undefined);
  server.failures.set("a", [new Error("lost")]);
  const { run, states } = transfer(["a"], ["a"], server);
  const end = run.run();
  await new Promise((done) => setTimeout(done, 20));
  expect(states.at(-1)).toBe("a trying");
  run.hurry();
  await end;
  expect(states.at(-1)).toBe("a here");
});

test("ten thousand files are counted without walking through all of them each time", async () => {
  const server = new Server();
  const names = Array.from({ length: 10_000 }, (_, i) => `f${i}`);
  const began = performance.now();
  const { run, seen } = transfer(names, names.slice(0, 200), server);
  await run.run();
  expect(performance.now() - began).toBeLessThan(1500);
  expect(seen.at(-1)).toMatchObject({ doneFiles: 10_000, doneBytes: 1_000_000 });
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

class Door extends Server {
  arrived = new Set<string>();
  cuts: number[] = [];

  /** Takes a message; the first cut, if there is one, ends it after so many files. */
  async putMany(entries: readonly Entry[], onBytes: (bytes: number) => void, stop: AbortSignal): Promise<void> {
    this.puts.push(entries.map((one) => one.sha256).join("+"));
    await new Promise((done) => setTimeout(done, 1));
    if (stop.aborted) throw new Error("stopped");
    const cut = this.cuts.shift();
    for (const one of entries.slice(0, cut)) {
      if (this.failures.has(one.sha256)) throw new Refused("The bytes differ.");
      this.arrived.add(one.sha256);
    }
    onBytes(entries.slice(0, cut).reduce((sum, one) => sum + one.size, 0));
    if (cut !== undefined) throw new Error("lost");
  }

  async stillMissing(entries: readonly Entry[]): Promise<ReadonlySet<string>> {
    return new Set(entries.map((one) => one.sha256).filter((name) => !this.arrived.has(name)));
  }
}

test("small files share messages, large ones go alone, and every lane has work", () => {
  const small = Array.from({ length: 30 }, (_, i) => entry(`s${i}`, 500_000));
  const large = entry("large", 3_000_000);
  expect(messages([large, ...small], 5).map((one) => one.length)).toEqual([1, 6, 6, 6, 6, 6]);
  const many = Array.from({ length: 1000 }, (_, i) => entry(`m${i}`, 9000));
  expect(messages(many, 5)[0]).toHaveLength(24);
  const slices = Array.from({ length: 1000 }, (_, i) => entry(`c${i}`, 526_000));
  expect(messages(slices, 5)[0]).toHaveLength(15);
  expect(messages([], 5)).toEqual([]);
});

test("of a message that was cut only what did not arrive is sent again", async () => {
  const server = new Door();
  server.cuts = [2];
  const names = Array.from({ length: 16 }, (_, i) => `f${i}`);
  const { run, seen, states } = transfer(names, names, server);
  await run.run();
  expect(server.puts).toEqual(["f0+f1+f2+f3", "f4+f5+f6+f7", "f8+f9+f10+f11", "f12+f13+f14+f15", "f2+f3"]);
  expect(server.waits).toEqual([1000]);
  expect(states).toContain("f3 trying");
  expect(seen.at(-1)).toMatchObject({ doneFiles: 16, doneBytes: 1600, totalBytes: 1600 });
});

test("a refused file of a message is found by sending each by itself", async () => {
  const server = new Door();
  server.failures.set("b", [new Refused("The bytes differ.")]);
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const { run, states } = transfer(names, names, server);
  expect(await run.run()).toEqual([{ sha256: "b", why: "The bytes differ." }]);
  expect(states.filter((state) => state.endsWith(" here")).sort()).toEqual(
    ["a here", "c here", "d here", "e here", "f here", "g here", "h here"],
  );
});

test("the bytes of a message are counted to its files one after the other", async () => {
  const server = new Door();
  const shares: string[] = [];
  server.putMany = async (entries, onBytes) => {
    onBytes(150);
    if (entries.length < 2) throw new Error("a message has several files");
  };
  const watcher: Watcher = {
    progress: () => undefined,
    file: (sha256, state, share) => shares.push(`${sha256} ${state} ${share}`),
  };
  const two = [entry("a"), entry("b")];
  await new Transfer(two, new Set(["a", "b"]), server, watcher, 1, 3).run();
  expect(shares).toEqual([
    "a sending 0", "b sending 0", "a sending 1", "b sending 0.5", "a here 1", "b here 1",
  ]);
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
