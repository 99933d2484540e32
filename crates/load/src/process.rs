//! What a process and its children cost, read from `/proc`: CPU time and memory.

use std::collections::BTreeMap;
use std::fs;
use std::ops::AddAssign;
use std::time::Duration;

/// A process and its descendants as they were when the tree was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree(Vec<u32>);

impl Tree {
    /// Reads the descendants once; a child started later is not seen.
    pub(crate) fn of(root: u32) -> Self {
        let parents: Vec<(u32, u32)> = numbered("/proc").filter_map(|pid| Some((pid, parent(pid)?))).collect();
        let mut tree = vec![root];
        let mut at = 0;
        while let Some(&pid) = tree.get(at) {
            tree.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
            at += 1;
        }
        Self(tree)
    }

    /// A reading to be compared with an earlier one of the same tree.
    pub(crate) fn cpu(&self) -> Cpu {
        Cpu(self.0.iter().map(|&pid| (pid, ProcessCpu::read(pid))).collect())
    }

    /// The memory now, summed over the tree.
    pub(crate) fn memory(&self) -> Memory {
        let mut sum = Memory::default();
        for pid in &self.0 {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            sum += Memory::parse(&text);
        }
        sum
    }
}

/// CPU time spent so far by each process of a tree.
#[derive(Debug)]
pub(crate) struct Cpu(BTreeMap<u32, ProcessCpu>);

impl Cpu {
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        self.0.iter().filter_map(|(pid, now)| earlier.0.get(pid).map(|then| now.since(then))).sum()
    }
}

/// Two clocks of one process: the coarse one counts threads that have ended, the fine one has no 10 ms grain.
#[derive(Debug, Default)]
struct ProcessCpu {
    /// `utime + stime` of `/proc/PID/stat`.
    coarse: Duration,
    /// Time on a CPU by thread, from `/proc/PID/task/TID/schedstat`.
    fine: BTreeMap<u32, Duration>,
}

/// `USER_HZ` is 100 on every Linux architecture we build for.
const TICK: Duration = Duration::from_millis(10);

impl ProcessCpu {
    fn read(pid: u32) -> Self {
        let fine = numbered(&format!("/proc/{pid}/task")).filter_map(|thread| {
            let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
            Some((thread, Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?)))
        });
        Self { coarse: coarse(pid).unwrap_or_default(), fine: fine.collect() }
    }

    fn since(&self, earlier: &Self) -> Duration {
        let coarse = self.coarse.saturating_sub(earlier.coarse);
        let fine = self
            .fine
            .iter()
            .map(|(thread, now)| now.saturating_sub(earlier.fine.get(thread).copied().unwrap_or_default()));
        let fine: Duration = fine.sum();
        // More than the grain apart: a thread has ended in between and took its fine clock along.
        if coarse > fine + 2 * TICK { coarse } else { fine }
    }
}

fn coarse(pid: u32) -> Option<Duration> {
    let fields = stat(pid)?;
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some(TICK * (ticks(11)? + ticks(12)?))
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// The fields of `/proc/PID/stat` after the command, which may itself hold spaces and brackets: state is 0.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn numbered(directory: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Resident memory, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Memory {
    pub(crate) rss: u64,
    /// Shared pages divided among those who share them.
    pub(crate) pss: u64,
    /// Heap and stacks: no file behind it.
    pub(crate) anonymous: u64,
}

impl AddAssign for Memory {
    fn add_assign(&mut self, other: Self) {
        self.rss += other.rss;
        self.pss += other.pss;
        self.anonymous += other.anonymous;
    }
}

impl Memory {
    fn parse(rollup: &str) -> Self {
        let field = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        Self { rss: field("Rss:"), pss: field("Pss:"), anonymous: field("Anonymous:") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_process() {
        let tree = Tree::of(std::process::id());
        let before = tree.cpu();
        let mut sum = 0_u64;
        for value in 0..30_000_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(value));
        }
        assert!(tree.cpu().since(&before) > Duration::from_millis(1), "{sum}");
        assert!(tree.memory().rss > 500 && tree.memory().anonymous > 0);
    }

    #[test]
    fn a_thread_that_ended_is_counted_by_the_coarse_clock() {
        let then = ProcessCpu { coarse: 10 * TICK, fine: BTreeMap::from([(1, TICK), (2, 9 * TICK)]) };
        let steady = ProcessCpu { coarse: 13 * TICK, fine: BTreeMap::from([(1, 2 * TICK), (2, 10 * TICK)]) };
        assert_eq!(steady.since(&then), 2 * TICK);
        let ended = ProcessCpu { coarse: 15 * TICK, fine: BTreeMap::from([(1, 2 * TICK)]) };
        assert_eq!(ended.since(&then), 5 * TICK);
    }

    #[test]
    fn reads_a_rollup() {
        let text = "55d0-7ffd ---p 00000000 00:00 0  [rollup]\nRss:  1204 kB\nPss:   300 kB\nPss_Anon:  1 kB\nAnonymous:  88 kB\n";
        assert_eq!(Memory::parse(text), Memory { rss: 1204, pss: 300, anonymous: 88 });
    }
}
