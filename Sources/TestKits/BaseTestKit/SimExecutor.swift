public import Base
import Synchronization

/// An executor that runs tasks one step at a time, on the test's own thread and in an order drawn from a seed.
///
/// Tasks that prefer it, and their children, run only inside ``drain()``, which returns when all of them wait for
/// something outside: then a ``SimClock`` may be moved without anybody being late. The same seed gives the same run.
public final class SimExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let randomness: any Randomness

    /// Makes an executor without tasks; `randomness` draws who is next.
    public init(randomness: any Randomness) { self.randomness = randomness }

    /// Takes a step of a task; for the runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Runs steps until nobody can go on; returns how many.
    @discardableResult
    public func drain() -> Int {
        var steps = 0
        while let job = next() {
            job.runSynchronously(on: asUnownedTaskExecutor())
            steps += 1
        }
        return steps
    }

    private func next() -> UnownedJob? {
        jobs.withLock { jobs in
            guard !jobs.isEmpty else { return nil }
            // Whoever can run at the same moment may run in any order.
            return jobs.remove(at: jobs.count == 1 ? 0 : randomness.below(jobs.count))
        }
    }
}
