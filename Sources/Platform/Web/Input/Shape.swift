import Base

/// What a value may be: the one declaration from which validation and the description of the API both come.
public indirect enum Shape: Sendable {
    /// Text with a number of characters (Unicode scalars) in the range; NUL is refused.
    case text(ClosedRange<Int>)
    /// A whole number in the range.
    case integer(ClosedRange<Int>)
    /// A number in the range; never infinite or NaN.
    case number(ClosedRange<Double>)
    /// `true` or `false`.
    case boolean
    /// One of these words.
    case choice([String])
    /// An `ID` in 36 characters.
    case id
    /// A point in time in ISO 8601.
    case timestamp
    /// A day, as in `2026-11-21`.
    case day
    /// A position in a list, as an earlier answer gave it; at most 512 characters.
    case cursor
    /// A list whose length is in the range.
    case list(Shape, ClosedRange<Int>)
    /// An object with these members.
    case object([Field])
    /// The value or `null`.
    case optional(Shape)
    /// Any JSON value, for answers only.
    case any

    /// One of the cases of an enum of words.
    public static func choice<Words: RawRepresentable<String> & CaseIterable>(_ words: Words.Type) -> Shape {
        .choice(words.allCases.map(\.rawValue))
    }

    /// Text of any length up to 64 KiB, for answers.
    public static let text = Shape.text(0...65_536)
    /// Any whole number of 53 bits, which every client can hold.
    public static let integer = Shape.integer(-9_007_199_254_740_991...9_007_199_254_740_991)
    /// Any finite number.
    public static let number = Shape.number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)
    /// A list of any length up to 1,000, for answers.
    public static func list(_ element: Shape) -> Shape { .list(element, 0...1_000) }
}

/// One named value of an input, an answer or an object.
public struct Field: Sendable {
    /// Where a value comes from.
    public enum Place: String, Sendable, Hashable {
        /// A hole of the path.
        case path
        /// The query.
        case query
        /// The body.
        case body
    }

    /// The name, as in the property that takes it.
    public let name: String
    /// Where it comes from.
    public let place: Place
    /// What it may be.
    public let shape: Shape
    /// Whether it must be there.
    public let isRequired: Bool
    /// What stands in for it when it is not there.
    public let fallback: JSONValue?
    /// One sentence for the reader of the API's description.
    public let summary: String

    private init(
        name: String, place: Place, shape: Shape, isRequired: Bool, fallback: JSONValue?, summary: String
    ) {
        self.name = name
        self.place = place
        self.shape = shape
        self.isRequired = isRequired
        self.fallback = fallback
        self.summary = summary
    }

    /// A hole of the path.
    public static func path(_ name: String, _ shape: Shape, _ summary: String = "") -> Field {
        Field(name: name, place: .path, shape: shape, isRequired: true, fallback: nil, summary: summary)
    }

    /// A value of the query that must be there.
    public static func query(_ name: String, _ shape: Shape, _ summary: String = "") -> Field {
        Field(name: name, place: .query, shape: shape, isRequired: true, fallback: nil, summary: summary)
    }

    /// A value of the query that may be absent; then `fallback`, or nothing, stands in for it.
    public static func query(
        _ name: String, optional shape: Shape, default fallback: JSONValue? = nil, _ summary: String = ""
    ) -> Field {
        Field(name: name, place: .query, shape: shape, isRequired: false, fallback: fallback, summary: summary)
    }

    /// A member of the body, or of an object, that must be there.
    public static func body(_ name: String, _ shape: Shape, _ summary: String = "") -> Field {
        Field(name: name, place: .body, shape: shape, isRequired: true, fallback: nil, summary: summary)
    }

    /// A member of the body, or of an object, that may be absent; then `fallback`, or nothing, stands in for it.
    public static func body(
        _ name: String, optional shape: Shape, default fallback: JSONValue? = nil, _ summary: String = ""
    ) -> Field {
        Field(name: name, place: .body, shape: shape, isRequired: false, fallback: fallback, summary: summary)
    }
}
