import Base
import BaseTestKit
import Coordination
import Jobs
import Telemetry

@testable import Inbox

/// The product's jobs as a worker runs them, on a stage that lives by the machine's clock.
extension Stage {
    /// A worker with the product's handlers.
    func worker(_ name: String = "one") throws -> JobWorker {
        var options = JobOptions()
        options.beat = .milliseconds(50)
        options.lookMax = .milliseconds(100)
        let jobs = Jobs(
            storage: storage, clock: time, randomness: SystemRandomness(), bus: bus,
            bank: InProcessTokenBank(clock: time), events: .silent(clock: time), options: options)
        try jobs.declare(handlers: InboxJobs.handlers(office), schedules: InboxJobs.schedules(office))
        return JobWorker(jobs, name: name, home: tenant) { [tenant, other] after, limit in
            Array([tenant, other].filter { after == nil || $0.id > (after?.id ?? $0.id) }.prefix(limit))
        }
    }

    /// Has a worker work while `body` runs, then ends it as a crash would: nothing more is written.
    func working(_ name: String = "one", _ body: @Sendable () async throws -> Void) async throws {
        let worker = try worker(name)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// Waits until something is so; thirty seconds are forever.
    func eventually(_ what: String, _ condition: @Sendable () async throws -> Bool) async throws {
        let machine = SystemClock()
        let deadline = machine.uptime() + .seconds(30)
        while try await !condition() {
            guard machine.uptime() < deadline else { throw InVain(description: "in vain: \(what)") }
            try await machine.sleep(for: .milliseconds(5))
        }
    }
}

/// Something that a test has waited for in vain.
struct InVain: Error, CustomStringConvertible {
    let description: String
}
