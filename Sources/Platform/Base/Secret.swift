/// A value that cannot be printed, logged or encoded by accident: keys, passwords, tokens.
public struct Secret<Value: Sendable>: Sendable {
    private let value: Value

    /// Hides a value.
    public init(_ value: Value) { self.value = value }

    /// Hands the value to `body`, the only way to it; the word shows up in review.
    public func reveal<Result, Failure: Error>(_ body: (Value) throws(Failure) -> Result) throws(Failure) -> Result {
        try body(value)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never the value.
    public var description: String { "<secret>" }
    /// Never the value.
    public var debugDescription: String { "<secret>" }
    /// Shows no children, so that `dump` cannot show the value either.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
