import Base
import Foundation
import Realtime
import Web

/// Tells those who look at a board what happens on it, on all nodes, and shows them to each other.
///
/// Messages are signals: they are kept nowhere, and a page that was cut reads its board again.
struct ListTopics: Sendable {
    enum Message: Sendable, Hashable {
        /// A card has another place.
        case moved(ChangedEntry)
        /// Something else has changed: totals, cards, columns.
        case changed
    }

    /// A message as it is sent.
    struct Note: Sendable, Hashable, Codable {
        enum Kind: String, Sendable, Hashable, Codable { case moved, changed }

        let kind: Kind
        var entry: ID<ListEntry>?
        var from: String?
        var bucket: String?
        var rank: String?
        var followers: Int64?
        var person: ID<Person>?
    }

    /// The board of a list, for whoever sees the list.
    let kind: TopicKind
    private let realtime: Realtime

    init(realtime: Realtime, lists: ListDesk, names: NameKeeper) {
        self.realtime = realtime
        kind = TopicKind("discovery/list/{id}", showsPresence: true) { visitor, topic in
            guard let asker = Asker(visitor), let list = ID<CreatorList>(topic["id"]) else { return .refused }
            do {
                _ = try await lists.board(list, for: asker, in: visitor.tenant)
            } catch is DiscoveryError {
                return .refused
            }
            let found = try await names.names(of: [asker.person], in: visitor.tenant)
            return .admitted(as: found[asker.person] ?? "Somebody")
        }
    }

    /// Tells everybody who looks at a list.
    func publish(_ message: Message, to list: ID<CreatorList>, by person: ID<Person>?, in tenant: Tenant) async {
        let note =
            switch message {
            case .moved(let entry):
                Note(
                    kind: .moved, entry: entry.id, from: entry.movedFrom, bucket: entry.bucket,
                    rank: entry.rank.rawValue, followers: entry.followers, person: person)
            case .changed: Note(kind: .changed, person: person)
            }
        // The change is committed: a word that is lost costs others a few seconds.
        guard let json = try? JSONEncoder().encode(note) else { return }
        realtime.tell(json: String(decoding: json, as: UTF8.self), to: kind("\(list)"), for: tenant)
    }
}

extension Asker {
    /// Who listens, when they may ask for anything.
    init?(_ visitor: TopicVisitor) {
        guard let person = visitor.person, let role = visitor.role.flatMap(Role.init(rawValue:)) else { return nil }
        self.init(person: person, seat: Seat(role))
    }
}
