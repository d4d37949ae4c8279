/// What a route takes, from path, query and body together: a value whose fields are declared beside it.
///
/// ```swift
/// struct BoardQuery: Input {
///     var kind: Board.Kind
///     var limit: Int
///     var after: String?
///
///     static let fields: [Field] = [
///         .path("kind", .choice(Board.Kind.self)),
///         .query("limit", optional: .integer(1...100), default: 50),
///         .query("after", optional: .cursor),
///     ]
/// }
/// ```
public protocol Input: Decodable, Sendable {
    /// The declaration of each property.
    static var fields: [Field] { get }
}

/// Nothing is taken.
public struct NoInput: Input {
    /// None.
    public static let fields: [Field] = []

    /// Makes the one value.
    public init() {}
}

/// What a route answers with as JSON: a value whose shape is declared beside it.
public protocol Output: Encodable, Answerable {
    /// The declaration, from which the description of the API comes.
    static var shape: Shape { get }
}
