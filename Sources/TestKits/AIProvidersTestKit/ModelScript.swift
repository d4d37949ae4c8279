public import AIProviders

/// What a scripted model does with one request: what it says, how it is sent, and what goes wrong.
public struct ModelScript: Sendable {
    /// How the vendor tells what was used.
    public enum Usage: Sendable, Hashable {
        /// This much.
        case told(TokenUsage)
        /// Several times, as sums so far, of which the last holds.
        case inSteps(TokenUsage)
        /// The field is there and null.
        case null
        /// Not at all.
        case absent
    }

    /// What goes wrong: the fault dial.
    public enum Fault: Sendable, Hashable {
        /// Nothing.
        case none
        /// This status instead of an answer, with this `Retry-After`.
        case status(Int, retryAfter: String?)
        /// An error object with status 200 instead of an answer.
        case errorBody(kind: String)
        /// An error event after so many deltas, then the end.
        case errorEvent(after: Int, kind: String)
        /// The connection is closed after so many deltas.
        case cut(after: Int)
        /// The stream is closed in order, without its last event and without a reason.
        case unfinished
        /// The stream is closed in order with a reason, but without its last event.
        case noLastEvent
        /// An event that is no JSON after so many deltas.
        case garbage(after: Int)
    }

    /// The texts of the answer, each an event.
    public var deltas: [String]
    /// How the vendor tells what was used.
    public var usage: Usage
    /// Why it ends, in the vendor's word; `nil` for its word for a complete answer.
    public var reason: String?
    /// What goes wrong.
    public var fault: Fault
    /// What ends a line: a line feed, both, or a carriage return.
    public var lineEnd: String
    /// Bytes of each piece that is written by itself; `nil` for one piece per event.
    public var pieceBytes: Int?
    /// Whether comments and pings stand between events.
    public var isChatty: Bool
    /// Whether the answer comes as one object although a stream was asked for.
    public var isWhole: Bool
    /// What is waited for before the delta of this number is sent, counted from 0, or before the cut in its place.
    public var gate: (@Sendable (Int) async -> Void)?
    /// Members of the last chunk of OpenAI's dialect beside its own, as JSON, such as Perplexity's pages.
    public var extra: String

    /// A script that answers without a fault unless said otherwise.
    public init(
        _ deltas: [String] = ["Hello", ", ", "world"], usage: Usage = .told(TokenUsage(input: 10, output: 5)),
        reason: String? = nil, fault: Fault = .none, lineEnd: String = "\n", pieceBytes: Int? = nil,
        isChatty: Bool = false, isWhole: Bool = false, extra: String = "",
        gate: (@Sendable (Int) async -> Void)? = nil
    ) {
        self.deltas = deltas
        self.usage = usage
        self.reason = reason
        self.fault = fault
        self.lineEnd = lineEnd
        self.pieceBytes = pieceBytes
        self.isChatty = isChatty
        self.isWhole = isWhole
        self.extra = extra
        self.gate = gate
    }

    /// A script that answers with a status.
    public static func status(_ status: Int, retryAfter: String? = nil) -> ModelScript {
        ModelScript(fault: .status(status, retryAfter: retryAfter))
    }

    /// How many deltas are sent.
    var sent: Int {
        switch fault {
        case .errorEvent(let count, _), .cut(let count), .garbage(let count): min(count, deltas.count)
        case .status, .errorBody: 0
        case .none, .unfinished, .noLastEvent: deltas.count
        }
    }

    /// Whether the answer is one that a vendor charges.
    var isAnswered: Bool { fault == .none || fault == .noLastEvent }
}
