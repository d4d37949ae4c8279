import Base
public import Jobs

/// Takes notices to people's devices: by a job that is enqueued with what waits for it, and once a minute for what is to
/// be tried again or was left by a process that died.
public struct PushJobs: Sendable {
    private enum Bounds {
        static let sweepEvery = Duration.seconds(60)
        /// Jobs that one run stands for: what many transactions have written goes out in one go.
        static let batch = 100
    }

    /// Sends what is due.
    static let send = JobKind<NoJobInput>("accounts.push.send", timeout: .seconds(1_800), isKept: false)

    private let sender: PushSender

    /// Sends with `sender`.
    public init(_ sender: PushSender) { self.sender = sender }

    /// How it is done.
    public var handlers: [JobHandler] {
        [
            Self.send.batchHandler(max: Bounds.batch) { [sender] inputs, _ in
                while try await sender.sendBatch() == PushOutbox.Bounds.batch {}
                return inputs.map { _ in .success(()) }
            }
        ]
    }

    /// When it is done beside.
    public var schedules: [JobSchedule] {
        [
            JobSchedule(
                "accounts.push.send", every: Bounds.sweepEvery, Self.send, NoJobInput(),
                onlyIf: { [sender] in try await sender.isAnyDue() })
        ]
    }
}
