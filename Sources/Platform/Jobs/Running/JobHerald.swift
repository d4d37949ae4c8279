import Base
import Coordination
public import ServiceLifecycle
import Telemetry

/// Tells other nodes of this process's new jobs and cancellations, gathered: for processes that enqueue and do not work.
///
/// A ``JobWorker`` does it too. Without either, those that work find jobs by their looks, a few seconds later.
public struct JobHerald: Service {
    private enum Bounds {
        /// At most twenty messages in a second, whatever is committed.
        static let pause = Duration.milliseconds(50)
    }

    private let jobs: Jobs
    private let sender: UInt64

    /// Tells of what `jobs` takes in.
    public init(_ jobs: Jobs) { self.init(jobs, as: jobs.randomness.next()) }

    init(_ jobs: Jobs, as sender: UInt64) {
        self.jobs = jobs
        self.sender = sender
    }

    /// Tells until it is told to stop.
    public func run() async throws { await cancelWhenGracefulShutdown { await tellUntilCancelled() } }

    func tellUntilCancelled() async {
        while !Task.isCancelled {
            await jobs.wakes.waitForOutgoing()
            let (news, cancelled) = jobs.wakes.takeOutgoing()
            if !news.isEmpty || !cancelled.isEmpty {
                let message = JobMessage(
                    sender: sender, hints: news.hints, mustLook: news.mustLook, cancelled: cancelled)
                // Without a bus other nodes look by themselves, a few seconds later.
                try? await jobs.bus.publish(message.bytes, to: JobWorker.topic)
            }
            // Cancelled: the process is over.
            try? await jobs.clock.sleep(for: Bounds.pause)
        }
    }
}
