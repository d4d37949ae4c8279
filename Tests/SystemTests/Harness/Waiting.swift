import Dispatch
import Foundation
import Synchronization

/// Asks again and again until `condition` holds: another process gives no signal to wait for.
///
/// - Throws: `Broken.failed` that names `what` after `timeout`.
func eventually(
    _ what: String, for timeout: Duration = .seconds(30), every pause: Duration = .milliseconds(20),
    until condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + timeout
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw Broken(.failed, "waited \(timeout) in vain: \(what)") }
        rest(pause)
    }
}

/// Blocks the thread.
func rest(_ duration: Duration) { usleep(UInt32(duration / .microseconds(1))) }

/// Runs `work` on `count` threads of its own at once and waits for all of them.
///
/// Blocking sockets need threads: the pool of Swift's tasks has two on a machine with two cores.
func onThreads(_ count: Int, _ work: @escaping @Sendable (_ index: Int) throws -> Void) throws {
    let failures = Mutex<[any Error]>([])
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        let thread = Thread {
            do {
                try work(index)
            } catch {
                failures.withLock { $0.append(error) }
            }
            group.leave()
        }
        thread.stackSize = 512 * 1024
        thread.start()
    }
    group.wait()
    if let first = failures.withLock({ $0.first }) { throw first }
}

/// Runs blocking work on a thread of its own, so that the pool of Swift's tasks is free for the vendors that a test plays.
func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Swift.Result { try work() }) }
        thread.stackSize = 1 << 20
        thread.start()
    }
}
