import Base
import Coordination
import Storage

/// Writes the text of one answer down while it comes, in parts of a bounded size and age.
///
/// A part is written when it is large enough, and every quarter of a second by whoever keeps time (``keepTime()``), one
/// after the other, so that a reader who has seen a part has seen all before it.
actor AnswerRecorder {
    enum Bounds {
        /// Bytes at which a part is written.
        static let partBytes = 2 << 10
        /// The largest part of one row.
        static let rowBytes = 16 << 10
        /// Bytes of an answer.
        static let answerBytes = 4 << 20
        /// The longest that text waits.
        static let age = Duration.milliseconds(250)
    }

    private let id: ID<Answer>
    private let tenant: Tenant
    private let store: AnswerStore
    private let bus: any Bus
    private let clock: any WallClock
    private var waiting = ""
    private var unsent: [AnswerStore.Part] = []
    private var taken = 0
    private var lastNumber = 0
    private var isWriting = false
    private var turn: CheckedContinuation<Void, Never>?

    init(_ id: ID<Answer>, for tenant: Tenant, store: AnswerStore, bus: any Bus, clock: any WallClock) {
        self.id = id
        self.tenant = tenant
        self.store = store
        self.bus = bus
        self.clock = clock
    }

    /// Bytes taken so far.
    var bytes: Int { taken + waiting.utf8.count }

    /// Takes the next piece; called by one task.
    func append(_ text: String) async throws {
        guard bytes + text.utf8.count <= Bounds.answerBytes else {
            throw AIError(.unreadable, "The answer is longer than \(Bounds.answerBytes) bytes.")
        }
        waiting += text
        guard waiting.utf8.count >= Bounds.partBytes else { return }
        // The task that keeps time never waits here, so that there is one place to wait in.
        if isWriting { await withCheckedContinuation { turn = $0 } }
        await write()
    }

    /// Writes what waits every quarter of a second, until the task is cancelled.
    func keepTime() async throws {
        while true {
            try await clock.sleep(for: Bounds.age)
            if !isWriting { await write() }
        }
    }

    /// What is not written yet, for the transaction that ends the answer; the recorder has nothing left then.
    func remainder() async -> [AnswerStore.Part] {
        if isWriting { await withCheckedContinuation { turn = $0 } }
        cut()
        defer { unsent = [] }
        return unsent
    }

    /// Writes what waits; what cannot be written now is written with what comes, at the latest in the transaction that
    /// ends the answer, which fails aloud.
    private func write() async {
        cut()
        guard !unsent.isEmpty else { return }
        isWriting = true
        defer {
            isWriting = false
            turn?.resume()
            turn = nil
        }
        while let part = unsent.first {
            do throws(StorageError) { try await store.add(part, to: id, for: tenant) } catch { return }
            unsent.removeFirst()
        }
        await AnswerSignal.send(id, through: bus)
    }

    /// Makes parts of what waits.
    private func cut() {
        var rest = Substring(waiting)
        waiting = ""
        while !rest.isEmpty {
            let piece = rest.prefix(utf8: Bounds.rowBytes)
            rest = rest[piece.endIndex...]
            lastNumber += 1
            taken += piece.utf8.count
            unsent.append(
                AnswerStore.Part(number: lastNumber, endsAt: taken, body: String(piece), madeAt: clock.now()))
        }
    }
}

/// The hint that an answer has more text.
enum AnswerSignal {
    static func topic(_ id: ID<Answer>) -> String { "ai.answer.\(id)" }

    static func send(_ id: ID<Answer>, through bus: any Bus) async {
        // Readers look by themselves after a while; the hint only makes them look sooner.
        try? await bus.publish([1], to: topic(id))
    }
}

extension Substring {
    /// As many scalars as fit into `bytes` bytes, at least one.
    func prefix(utf8 bytes: Int) -> Substring {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: bytes)
        // A byte 10xxxxxx continues a scalar.
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return end > startIndex ? self[..<end] : prefix(1)
    }
}
