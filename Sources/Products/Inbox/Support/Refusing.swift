import Base
import Storage
import Web

extension Problem {
    /// A refusal of Inbox as HTTP tells it.
    init(_ error: InboxError) {
        var members = error.context.sorted { $0.key < $1.key }.map {
            JSONValue.Member($0.key, Int64($0.value).map(JSONValue.integer) ?? .text($0.value))
        }
        if !error.unseen.isEmpty {
            members.append(JSONValue.Member("messages", .list(error.unseen.map(JSONValue.init))))
        }
        self.init(error.code.rawValue, error.message, retryAfter: error.retryAfter, members: members)
    }
}

extension JSONValue {
    /// A message that whoever answers had not seen.
    fileprivate init(_ message: Message) {
        var members = [
            Member("id", .text(message.id.description)), Member("sequence", .integer(message.sequence)),
            Member("role", .text(message.role.rawValue)), Member("body", .text(message.body)),
            Member("sentAt", .text(message.sentAt.description)),
        ]
        if let person = message.personID { members.append(Member("personId", .text(person.description))) }
        self = .object(members)
    }
}

/// Runs what a desk does, with its refusals as HTTP tells them.
func refusing<Result>(_ work: () async throws -> Result) async throws -> Result {
    do {
        return try await work()
    } catch let error as InboxError {
        throw Problem(error)
    } catch let error as StorageError where error.code == .invalidCursor {
        throw Problem(
            InboxError(.cursorInvalid, "The cursor does not belong to this list; start from its first page."))
    }
}

/// What many routes may be refused for.
enum Failures {
    static let missing = Failure("inbox.notFound", 404, "There is no such thing in this company.")
    static let notAllowed = Failure("inbox.notAllowed", 403, "The person's seat in this company does not allow it.")
    static let cursor = Failure("inbox.cursorInvalid", 400, "The cursor is of another list, view or company.")
    static let closed = Failure("inbox.conversationClosed", 409, "The conversation is closed.")
    static let message = Failure("inbox.messageInvalid", 422, "A text breaks a rule that is named.")
    static let limit = Failure("inbox.limitReached", 409, "There are as many of these as there may be.")
    static let time = Failure("inbox.timeInvalid", 422, "The time is over, or too far ahead.")
    static let named = Failure("inbox.nameTaken", 409, "There is one of this name already.")
    static let setting = Failure("inbox.settingInvalid", 422, "What is set up breaks a rule; its field is told.")
    static let late = Failure("inbox.tooLate", 409, "The message is on its way already.")
}

/// How often people may ask: reads, writes and what is sent are counted apart.
enum Rates {
    static let reading = RouteLimit.per(.person, "inbox.read", 100)
    static let writing = RouteLimit.per(.person, "inbox.write", 30)
    static let sending = RouteLimit.per(.person, "inbox.send", 60)
}
