public import AIProviders
public import Base
import Foundation
public import Web

extension EventStream {
    private enum Bounds {
        /// Silence after which both sides make sure that the other one is there.
        static let beat = Duration.seconds(15)
    }

    /// A piece of text, as its event carries it.
    private struct Piece: Encodable {
        var text: String
    }

    /// How an answer has ended, as the last event carries it.
    private struct End: Encodable {
        var state: AIProviders.Answer.State
        var ending: String
        var isStandIn: Bool
        var bytes: Int
    }

    /// Tells the text of a model's answer while it comes, and resumes where the browser had got to: after a cut, on another
    /// node, and after the node that asked the model has died.
    ///
    /// ```swift
    /// // The product has made sure that who asks may read this answer.
    /// EventStream(
    ///     following: request.input.id, by: models.reader, in: request.tenant, after: request.context.lastEventID,
    ///     clock: clock)
    /// ```
    ///
    /// `text` events carry `{"text":"…"}` and, as their id, the bytes of the answer up to their end, which the browser says
    /// in `Last-Event-ID` when it comes back. One `end` event carries `state`, `ending`, `isStandIn` and `bytes`, and the
    /// stream ends; the page then closes it, since a browser comes back by itself. Its state is `open` when whoever wrote
    /// the answer has fallen silent, as a node that was killed: what there is of it has been told, and no more will come.
    ///
    /// - Parameters:
    ///   - id: whose text; the route has made sure that there is such an answer.
    ///   - reader: reads it.
    ///   - tenant: whose answer.
    ///   - lastEventID: what the browser has, as it says; anything that is no position begins at the beginning.
    ///   - clock: paces the signs of life.
    public init(
        following id: ID<AIProviders.Answer>, by reader: AnswerReader, in tenant: Tenant, after lastEventID: String?,
        clock: any WallClock
    ) {
        let position = max(0, lastEventID.flatMap { Int($0) } ?? 0)
        self.init { sender in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while true {
                        try await clock.sleep(for: Bounds.beat)
                        try await sender.beat()
                    }
                }
                defer { group.cancelAll() }
                let answer = try await reader.follow(id, after: position, in: tenant) { piece in
                    guard !piece.text.isEmpty else { return }
                    try await sender.send(
                        try Self.json(Piece(text: piece.text)), event: "text", id: String(piece.position))
                }
                let end = End(
                    state: answer.state, ending: answer.ending, isStandIn: answer.isStandIn, bytes: answer.bytes)
                try await sender.send(try Self.json(end), event: "end")
            }
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
