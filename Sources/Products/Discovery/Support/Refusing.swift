import Base
import Storage
import Web

extension Problem {
    /// A refusal of Discovery as HTTP tells it.
    init(_ error: DiscoveryError) {
        self.init(
            error.code.rawValue, error.message, retryAfter: error.retryAfter,
            members: error.context.sorted { $0.key < $1.key }.map {
                JSONValue.Member($0.key, Int64($0.value).map(JSONValue.integer) ?? .text($0.value))
            })
    }
}

/// Runs what a desk does, with its refusals as HTTP tells them.
func refusing<Result>(_ work: () async throws -> Result) async throws -> Result {
    do {
        return try await work()
    } catch let error as DiscoveryError {
        throw Problem(error)
    } catch let error as StorageError where error.code == .invalidCursor {
        throw Problem(
            DiscoveryError(.cursorInvalid, "The cursor does not belong to this list; start from its first page."))
    }
}

/// What many routes may be refused for.
enum Failures {
    static let missing = Failure("discovery.notFound", 404, "There is no such thing in this workspace.")
    static let notAllowed = Failure(
        "discovery.notAllowed", 403, "The person's seat in this workspace does not allow it.")
    static let cursor = Failure("discovery.cursorInvalid", 400, "The cursor is of another list, filter or workspace.")
}

/// How often people may ask: reads and writes are counted apart.
enum Rates {
    static let reading = RouteLimit.per(.person, "discovery.read", 120)
    static let writing = RouteLimit.per(.person, "discovery.write", 60)
}
