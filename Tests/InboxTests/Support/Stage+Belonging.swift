import Base
import Testing

@testable import Inbox

extension Stage {
    /// A conversation with what can belong to one: a changed message, an answer, a note with a mention, a tag, a cursor and
    /// a draft.
    func fullConversation(with user: String, named name: String, at channel: Inbox.Channel) async throws
        -> ID<Conversation>
    {
        let id = try #require(
            try await deliver(
                [
                    event(.message, "A bell, \(name)", from: user, id: "\(user)1", name: name),
                    event(.edit, "A brass bell, \(name)", from: user, id: "\(user)1"),
                ], to: channel))
        _ = try await answer("Gladly", to: id, of: channel)
        _ = try await office.conversations.note("n", mentioning: [priya], on: id, clientID: nil, by: tom, in: tenant)
        let tag = try await office.conversations.makeTag("t", in: tenant)
        try await office.conversations.tag(id, with: tag.id, isOn: true, in: tenant)
        _ = try await office.threads.read(id, upTo: 1, by: try await agent(tom), in: tenant)
        try await office.scheduled.keepDraft("d", of: tom, in: id, of: tenant)
        return id
    }
}
