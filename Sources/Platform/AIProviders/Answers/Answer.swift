public import Base
public import Storage

/// An answer of a model as it is kept: how far it is, and what it has cost.
public struct Answer: Sendable, Hashable, RowDecodable {
    /// How far it is.
    public enum State: String, Sendable, Hashable, CaseIterable, Encodable, SQLEncodable, SQLDecodable {
        /// Its text is coming.
        case open
        /// It is complete.
        case done
        /// It ended in its middle; what there is of it stays.
        case broken
        /// No text came.
        case failed
    }

    /// Its id, chosen by whoever asked.
    public let id: ID<Answer>
    /// How far it is.
    public let state: State
    /// Why there is no more: the raw value of ``ChatEnd/Reason``, or an ``AIError``'s code; empty while it is open.
    public let ending: String
    /// The model that has answered, `provider:model`; empty while it is open.
    public let model: String
    /// Whether a stand-in has answered, which pages must say.
    public let isStandIn: Bool
    /// Bytes of its text, once it is no longer open.
    public let bytes: Int
    /// What was charged.
    public let usage: TokenUsage
    /// What was charged in millionths of the currency.
    public let money: Int
    /// When it was asked for.
    public let madeAt: Timestamp
    /// When it ended; `nil` while it is open.
    public let finishedAt: Timestamp?

    static let columns: SQL = """
        id, state, ending, model, is_stand_in, bytes, input_tokens, output_tokens, money, made_at, finished_at
        """

    /// Reads a row.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        state = try row.value(at: 1)
        ending = try row.value(at: 2)
        model = try row.value(at: 3)
        isStandIn = try row.value(at: 4)
        bytes = try row.value(at: 5)
        usage = TokenUsage(input: try row.value(at: 6), output: try row.value(at: 7))
        money = try row.value(at: 8)
        madeAt = try row.value(at: 9)
        finishedAt = try row.optional(at: 10)
    }
}

/// A piece of an answer's text.
public struct AnswerPiece: Sendable, Hashable {
    /// The text.
    public let text: String
    /// Bytes of the answer up to the end of this piece: where to resume.
    public let position: Int
}
