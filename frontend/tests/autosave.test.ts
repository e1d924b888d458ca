import { expect, test } from "vitest";
import { say } from "../src/autosave/form";
import { type Answer, SaveQueue, type State, type Values } from "../src/autosave/queue";
import { warning, words } from "../src/session";

const AT = new Date("2026-03-16T13:03:22Z");

class Bench {
  now = 0;
  timers: { at: number; run: () => void; id: number }[] = [];
  sent: { values: Values; version: string }[] = [];
  states: State[] = [];
  answers: Answer[] = [];
  next = 1;
  queue = new SaveQueue(
    "1",
    async (values, version) => {
      this.sent.push({ values, version });
      return this.answers.shift() ?? { kind: "saved", version: `${Number(version) + 1}`, savedAt: AT };
    },
    (state) => this.states.push(state),
    {
      now: () => this.now,
      set: (run, ms) => {
        this.timers.push({ at: this.now + ms, run, id: this.next });
        this.next += 1;
        return this.next - 1;
      },
      clear: (id) => {
        this.timers = this.timers.filter((timer) => timer.id !== id);
      },
    },
  );

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.now = due.at;
      this.timers = this.timers.filter((timer) => timer !== due);
      due.run();
      await new Promise((done) => setTimeout(done, 0));
    }
    this.now = end;
  }

  get last(): State | undefined {
    return this.states.at(-1);
  }
}

test("changes of a quiet moment are saved together with the version they rest on", async () => {
  const bench = new Bench();
  bench.queue.change("weight", "7");
  bench.queue.change("weight", "71");
  bench.queue.change("height", "180");
  await bench.pass(1000);
  expect(bench.sent).toEqual([{ values: { weight: "71", height: "180" }, version: "1" }]);
  expect(bench.last).toEqual({ kind: "saved", at: AT });
});

test("somebody who never stops typing is saved within ten seconds", async () => {
  const bench = new Bench();
  for (let i = 0; i < 40; i += 1) {
    bench.queue.change("comment", "x".repeat(i));
    await bench.pass(500);
  }
  expect(bench.sent.length).toBeGreaterThanOrEqual(2);
});

test("the next save carries the new version", async () => {
  const bench = new Bench();
  bench.queue.change("a", "1");
  await bench.pass(1000);
  bench.queue.change("b", "2");
  await bench.pass(1000);
  expect(bench.sent.map((one) => one.version)).toEqual(["1", "2"]);
});

test("offline keeps every change and sends the newest values later", async () => {
  const bench = new Bench();
  bench.answers = [{ kind: "offline" }];
  bench.queue.change("a", "1");
  bench.queue.change("b", "2");
  await bench.pass(1000);
  expect(bench.last).toEqual({ kind: "offline", kept: 2 });
  bench.queue.change("a", "3");
  await bench.pass(6000);
  expect(bench.sent.at(-1)?.values).toEqual({ a: "3", b: "2" });
  expect(bench.last?.kind).toBe("saved");
});

test("a conflict stops saving until the person has chosen, and keeps both", async () => {
  const bench = new Bench();
  bench.answers = [{ kind: "conflict", version: "9", theirs: { a: "other" } }];
  bench.queue.change("a", "mine");
  await bench.pass(20_000);
  expect(bench.last).toEqual({ kind: "conflict", theirs: { a: "other" }, mine: { a: "mine" } });
  expect(bench.sent).toHaveLength(1);
  bench.queue.resolve("mine");
  await bench.pass(1000);
  expect(bench.sent.at(-1)).toEqual({ values: { a: "mine" }, version: "9" });
});

test("a change of what is fixed is told as such, so that only what is stored can be taken", async () => {
  const bench = new Bench();
  bench.answers = [{ kind: "conflict", version: "9", theirs: { a: "stored" }, fixed: true }];
  bench.queue.change("a", "mine");
  await bench.pass(1000);
  expect(bench.last).toEqual({ kind: "conflict", theirs: { a: "stored" }, mine: { a: "mine" }, fixed: true });
});

test("giving up one's own values sends nothing", async () => {
  const bench = new Bench();
  bench.answers = [{ kind: "conflict", version: "9", theirs: { a: "other" } }];
  bench.queue.change("a", "mine");
  await bench.pass(1000);
  bench.queue.resolve("theirs");
  await bench.pass(20_000);
  expect(bench.sent).toHaveLength(1);
  expect(bench.queue.waiting).toBe(0);
});

test("the states are said in the words of the design", () => {
  expect(say({ kind: "saved", at: AT }, 60)?.text).toBe("Saved 14:03:22 (UTC+1)");
  expect(say({ kind: "offline", kept: 3 }, 0)?.text).toBe("Offline, 3 changes kept here");
  expect(say({ kind: "offline", kept: 1 }, 0)?.text).toBe("Offline, 1 change kept here");
  expect(say({ kind: "conflict", theirs: {}, mine: {} }, 0)?.tone).toBe("stop");
  expect(say({ kind: "idle" }, 0)).toBeNull();
});

test("the session warning comes two minutes ahead", () => {
  expect(warning(200_000, 70_000, 120_000)).toEqual({ show: false, seconds: 130 });
  expect(warning(200_000, 110_000, 120_000)).toEqual({ show: true, seconds: 90 });
  expect(words(90)).toBe("1 min 30 s");
  expect(words(120)).toBe("2 min");
});

test("after an ended session nothing is sent until somebody logs in again, and nothing is lost", async () => {
  const bench = new Bench();
  bench.answers.push({ kind: "expired" });
  bench.queue.change("a", "1");
  await bench.pass(1000);
  expect(bench.states.at(-1)).toEqual({ kind: "expired", kept: 1 });
  bench.queue.change("b", "2");
  await bench.pass(60_000);
  expect(bench.sent).toHaveLength(1);
  expect(bench.queue.unsaved).toEqual({ version: "1", values: { a: "1", b: "2" } });
  await bench.queue.flush();
  expect(bench.sent[1]).toEqual({ version: "1", values: { a: "1", b: "2" } });
  expect(bench.states.at(-1)?.kind).toBe("saved");
});

test("what an earlier page kept is sent on the version it was typed on, so that a conflict shows", async () => {
  const bench = new Bench();
  bench.answers.push({ kind: "conflict", version: "5", theirs: { a: "theirs" } });
  bench.queue.takeUp({ version: "0", values: { a: "mine" } });
  await bench.pass(1000);
  expect(bench.sent[0]).toEqual({ version: "0", values: { a: "mine" } });
  expect(bench.states.at(-1)).toEqual({ kind: "conflict", theirs: { a: "theirs" }, mine: { a: "mine" } });
});

test("a save whose answer was lost is no conflict when it is sent again", async () => {
  const bench = new Bench();
  bench.answers.push({ kind: "offline" });
  bench.answers.push({ kind: "conflict", version: "2", theirs: { a: "34.2", b: ["CT"] } });
  bench.queue.change("a", "34.2");
  bench.queue.change("b", ["CT"]);
  await bench.pass(10_000);
  expect(bench.states.at(-1)?.kind).toBe("saved");
  expect(bench.queue.known).toBe("2");
  expect(bench.queue.waiting).toBe(0);
});

test("the answers under way count as unsaved until the server has said so", async () => {
  const bench = new Bench();
  let during: unknown;
  bench.queue.change("a", "1");
  const send = bench.sent.push.bind(bench.sent);
  bench.sent.push = (...items) => {
    during = bench.queue.unsaved;
    return send(...items);
  };
  await bench.pass(1000);
  expect(during).toEqual({ version: "1", values: { a: "1" } });
  expect(bench.queue.unsaved.values).toEqual({});
});
