/// The shape of a module's errors: a code from a closed set, one sentence, and two faces.
///
/// `description` is safe to log and to show (code and sentence, no values of users); `debugDescription` has everything.
public protocol CodedError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The closed set of what can go wrong, written `module.reason`.
    associatedtype Code: RawRepresentable<String>, CaseIterable, Sendable, Hashable
    /// What went wrong.
    var code: Code { get }
    /// What was attempted, what was found, what to do. Free of users' values.
    var message: String { get }
    /// Names and values that help to find the cause; may be private, never a secret.
    var context: [String: String] { get }
    /// The error that caused this one.
    var underlying: (any Error)? { get }
}

extension CodedError {
    /// Code and sentence.
    public var description: String { "\(code.rawValue): \(message)" }

    /// Everything, for the developer's eyes.
    public var debugDescription: String {
        var text = description
        for (key, value) in context.sorted(by: { $0.key < $1.key }) { text += " \(key)=\(value)" }
        if let underlying { text += " (caused by \(String(reflecting: underlying)))" }
        return text
    }
}
