/// What a request asks for; `HEAD` and `OPTIONS` are answered for every route and cannot be declared.
public enum Method: String, Sendable, CaseIterable, Hashable {
    /// Reads; safe and cacheable.
    case get = "GET"
    /// Creates or acts.
    case post = "POST"
    /// Replaces; may be repeated.
    case put = "PUT"
    /// Changes parts.
    case patch = "PATCH"
    /// Removes; may be repeated.
    case delete = "DELETE"

    /// Whether the method promises to change nothing.
    public var isSafe: Bool { self == .get }
}
