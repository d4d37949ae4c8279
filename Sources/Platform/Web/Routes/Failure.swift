/// An error that a route declares: the code it is known by, its status, and what it means.
///
/// The only place where the codes of a product meet HTTP. Codes of the platform (`storage.unavailable`, …) need no
/// declaration.
public struct Failure: Sendable, Hashable {
    /// The error's code, written `module.reason`.
    public let code: String
    /// The HTTP status, 400 to 599.
    public let status: Int
    /// One sentence for the reader of the API's description.
    public let summary: String

    /// Declares an error.
    public init(_ code: String, _ status: Int, _ summary: String) {
        precondition((400...599).contains(status), "\(code) cannot have the status \(status), which is no error")
        self.code = code
        self.status = status
        self.summary = summary
    }
}
