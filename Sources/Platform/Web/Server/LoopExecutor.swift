import NIOCore

/// Runs the tasks of a connection on the connection's own event loop.
///
/// Reading, answering and writing then follow each other on one thread, without a wake-up of another between them. What
/// keeps a thread busy for long (hashing of passwords, building of boards) must not run here: it would hold up the
/// other connections of the loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
