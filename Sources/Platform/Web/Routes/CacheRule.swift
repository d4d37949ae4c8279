import Base

/// What clients and proxies may keep of a route's successful answers; problems are never kept.
public enum CacheRule: Sendable, Hashable {
    /// Nobody keeps anything: personal answers.
    case privateNoStore
    /// The client keeps it and asks again each time whether it is still good (ETag).
    case privateRevalidate
    /// Everybody keeps it for a time and may show it a little longer while asking again.
    case publicFor(Duration, staleWhileRevalidate: Duration)
    /// Everybody keeps it for a year: addresses that contain the hash of what they name.
    case immutable

    /// The value of `Cache-Control`.
    public var header: String {
        switch self {
        case .privateNoStore: "private, no-store"
        case .privateRevalidate: "private, no-cache"
        case .publicFor(let time, let stale):
            stale > .zero
                ? "public, max-age=\(time.components.seconds), stale-while-revalidate=\(stale.components.seconds)"
                : "public, max-age=\(time.components.seconds)"
        case .immutable: "public, max-age=31536000, immutable"
        }
    }

    /// Whether an answer may be shown to others than who asked.
    public var isPublic: Bool {
        switch self {
        case .publicFor, .immutable: true
        case .privateNoStore, .privateRevalidate: false
        }
    }

    /// Whether answers carry a validator and are answered with 304 when it still holds.
    var hasValidator: Bool { self != .privateNoStore }
}

/// How many statements one request of a route may send to a database.
///
/// Tests fail and production reports when a request sends more.
public struct StatementBudget: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// Statements on behalf of one request alone.
    public let statements: Int

    /// Allows a number of statements.
    public init(_ statements: Int) {
        precondition(statements >= 0, "a budget of \(statements) statements does not exist")
        self.statements = statements
    }

    /// Allows a number of statements.
    public init(integerLiteral value: Int) { self.init(value) }

    /// The number.
    public var description: String { String(statements) }
}
