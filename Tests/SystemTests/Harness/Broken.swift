/// What goes wrong between a test and the server it drives.
struct Broken: Error, CustomStringConvertible {
    enum Kind: Sendable {
        /// Nobody listens.
        case refused
        /// The peer went away before the answer was complete.
        case closed
        /// Nothing came for as long as the test is willing to wait.
        case timedOut
        /// Not HTTP, or not JSON of the shape that was asked for.
        case malformed
        /// A program ended badly, or never came to the point that the test waits for.
        case failed
        /// An element of a page that has been left since it was found.
        case stale
    }

    var kind: Kind
    var description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
