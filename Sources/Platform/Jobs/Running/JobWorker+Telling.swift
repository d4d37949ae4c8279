import Base
import Coordination
import Telemetry

/// Word between nodes. What is lost costs time: looks find what no word came of.
extension JobWorker {
    static let topic = "jobs"

    /// Hears what other nodes tell.
    func listenUntilCancelled() async {
        var attempt = 0
        while !Task.isCancelled {
            do {
                let subscription = try await jobs.bus.subscribe(to: Self.topic)
                attempt = 0
                while let event = await subscription.next() {
                    switch event {
                    case .missed: jobs.wakes.hear([], mustLook: true)
                    case .message(let bytes):
                        guard let message = JobMessage(bytes), message.sender != instance else { continue }
                        if !message.hints.isEmpty || message.mustLook {
                            jobs.wakes.hear(message.hints, mustLook: message.mustLook)
                        }
                        for key in message.cancelled { cancelHere(key) }
                    }
                }
            } catch {
                await pauseAfterFailure(error, "job.listen", attempt: attempt)
                attempt += 1
            }
        }
    }
}

/// What one node tells the others.
struct JobMessage: Sendable, Hashable {
    var sender: UInt64
    var hints: [WakeHint] = []
    var mustLook = false
    var cancelled: [JobKey] = []

    init(sender: UInt64, hints: [WakeHint], mustLook: Bool, cancelled: [JobKey]) {
        self.sender = sender
        self.hints = hints
        self.mustLook = mustLook
        self.cancelled = cancelled
    }

    /// At most 64 KiB: the longest lines are some 250 bytes, and of each sort there are 256 at most.
    var bytes: [UInt8] {
        var lines = ["\(sender)"]
        if mustLook || hints.count > 200 { lines.append("l") }
        lines += hints.prefix(200).map { "w\($0)" }
        lines += cancelled.prefix(256).map { "c\($0.tenant.id) \($0.id)" }
        return Array(lines.joined(separator: "\n").utf8)
    }

    init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let sender = lines.first.flatMap({ UInt64($0) }) else { return nil }
        self.init(sender: sender, hints: [], mustLook: false, cancelled: [])
        for line in lines.dropFirst() {
            switch line.first {
            case "l": mustLook = true
            case "w": if let hint = WakeHint(String(line.dropFirst())) { hints.append(hint) } else { mustLook = true }
            case "c":
                let parts = line.dropFirst().split(separator: " ").map(String.init)
                guard parts.count == 2, let tenant = ID<Tenant>(parts[0]), let id = ID<Job>(parts[1]) else { continue }
                cancelled.append(JobKey(tenant: Tenant(tenant), id: id))
            // A newer version's line says something that this one does not know.
            default: mustLook = true
            }
        }
    }
}
