public import Base
public import Coordination
public import Storage

/// Reads answers while they come, on any node, from wherever a reader had got to.
public struct AnswerReader: Sendable {
    /// The bounds of reading.
    public enum Bounds {
        /// How long an open answer may be silent before its writer counts as lost.
        ///
        /// Longer than a vendor's stream may be silent.
        public static let silence = Duration.seconds(150)
        /// How long a reader waits for a hint before it looks by itself.
        static let look = Duration.seconds(2)
        static let parts = 100
    }

    private let store: AnswerStore
    private let bus: any Bus
    private let clock: any WallClock

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - storage: the database.
    ///   - bus: brings hints of other nodes.
    ///   - clock: paces.
    public init(storage: Storage, bus: any Bus, clock: any WallClock) {
        store = AnswerStore(storage: storage)
        self.bus = bus
        self.clock = clock
    }

    /// How far an answer is; `nil` when there is none of this id.
    ///
    /// One statement.
    public func answer(_ id: ID<Answer>, in tenant: Tenant) async throws(StorageError) -> Answer? {
        try await store.answer(id, in: tenant)
    }

    /// Hands the text of an answer on from a position, and what comes, until the answer ends.
    ///
    /// Two statements each time that there is something new, and every two seconds otherwise.
    ///
    /// - Parameters:
    ///   - id: whose text.
    ///   - position: bytes that the reader has already, as ``AnswerPiece/position`` said. Defaults to none.
    ///   - tenant: whose answer.
    ///   - receive: takes a piece, in order; the next is read when it returns.
    /// - Returns: the answer once it has ended; still ``Answer/State/open`` when whoever wrote it has fallen silent, as
    ///   when its node died.
    /// - Throws: `ai.answerNotFound`, `StorageError`, `CancellationError`, what `receive` throws.
    public func follow(
        _ id: ID<Answer>, after position: Int = 0, in tenant: Tenant,
        _ receive: (AnswerPiece) async throws -> Void
    ) async throws -> Answer {
        let subscription = try await bus.subscribe(to: AnswerSignal.topic(id))
        defer { subscription.close() }
        var (position, number) = (max(0, position), 0)
        var lastSign: Timestamp?
        while true {
            try Task.checkCancellation()
            // In this order: an answer that has ended has all its parts.
            guard let answer = try await store.answer(id, in: tenant) else {
                throw AIError(.answerNotFound, "There is no answer of this id.")
            }
            let parts = try await store.parts(
                of: id, behind: number, after: position, in: tenant, limit: Bounds.parts)
            for part in parts {
                number = part.number
                lastSign = part.madeAt
                let text = Self.text(of: part, after: position)
                position = part.endsAt
                try await receive(AnswerPiece(text: text, position: position))
            }
            if parts.count == Bounds.parts { continue }
            if answer.state != .open { return answer }
            guard parts.isEmpty else { continue }
            if clock.now() - max(lastSign ?? answer.madeAt, answer.madeAt) > Bounds.silence { return answer }
            await wait(for: subscription)
        }
    }

    /// What of a part lies behind a position.
    private static func text(of part: AnswerStore.Part, after position: Int) -> String {
        let length = part.body.utf8.count
        let start = max(0, position - (part.endsAt - length))
        guard start > 0 else { return part.body }
        return String(decoding: part.body.utf8.dropFirst(start), as: UTF8.self)
    }

    private func wait(for subscription: BusSubscription) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await subscription.next() }
            // A cancelled sleep is how the race is lost.
            group.addTask { [clock] in try? await clock.sleep(for: Bounds.look) }
            await group.next()
            group.cancelAll()
        }
    }
}
