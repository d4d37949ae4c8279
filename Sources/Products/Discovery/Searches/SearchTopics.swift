import Base
import Coordination
import Foundation
import Storage
import Telemetry

/// Tells watchers of a search what was committed, over the bus, which reaches every node.
///
/// The bus may lose messages. Rows are numbered without gaps, so who misses some sees it at the next message, and reads
/// what is missing once for all watchers of the node.
struct SearchTopics: Sendable {
    let bus: any Bus
    let storage: Storage
    let clock: any WallClock
    let events: EventLog

    static func name(of search: ID<Search>, in tenant: Tenant) -> String {
        "discovery/\(tenant.id)/search/\(search)"
    }

    /// Tells of creators that were found, then where the search stands.
    func publish(_ found: [FoundMatch], of search: ID<Search>, in tenant: Tenant) async {
        for start in stride(from: 0, to: found.count, by: SearchMessage.Bounds.rows) {
            let part = found[start..<min(start + SearchMessage.Bounds.rows, found.count)]
            var message = SearchMessage()
            message.from = part.first?.match.sequence ?? 0
            message.to = part.last?.match.sequence ?? 0
            message.rows = part.compactMap { Self.json(MatchOutput($0)) }
            await send(message, of: search, in: tenant)
        }
        await publishStatus(of: search, in: tenant)
    }

    /// Tells of profiles that were read.
    func publishPatches(_ creators: [Creator], at time: Timestamp, of search: ID<Search>, in tenant: Tenant) async {
        var message = SearchMessage()
        message.patches = creators.prefix(SearchMessage.Bounds.rows).compactMap { Self.json(CreatorOutput($0)) }
        await send(message, of: search, in: tenant)
        await publishStatus(of: search, in: tenant)
    }

    /// Tells where a search stands.
    func publishStatus(of search: ID<Search>, in tenant: Tenant) async {
        var message = SearchMessage()
        await addStatus(to: &message, of: search, in: tenant)
        await send(message, of: search, in: tenant)
    }

    /// One read for each committed page, whoever watches: watchers themselves read nothing.
    private func addStatus(to message: inout SearchMessage, of search: ID<Search>, in tenant: Tenant) async {
        do {
            guard
                let status = try await SearchStore(storage: storage).status(
                    of: search, through: storage.reader(for: tenant), in: tenant)
            else { return }
            message.status = Self.json(StatusOutput(status, at: clock.now()))
            message.isEnd = status.search.state.isOver
        } catch {
            // The rows go out without it; the next message has it.
            events.record(.watchFailed, ["reason": .text(error.code.rawValue)])
        }
    }

    private func send(_ message: SearchMessage, of search: ID<Search>, in tenant: Tenant) async {
        do {
            var bytes = Array(try JSONEncoder().encode(message))
            if bytes.count > SearchMessage.Bounds.bytes {
                // What does not fit is read by those who watch.
                bytes = Array(try JSONEncoder().encode(SearchMessage(isTorn: true)))
            }
            try await bus.publish(bytes, to: Self.name(of: search, in: tenant))
        } catch {
            // What was committed stands; watchers see the gap at the next message, or at their next look.
            events.record(.watchFailed, ["reason": "bus"])
        }
    }

    static func json(_ value: some Encodable) -> String? {
        // Rows are made of text and numbers, which can always be written.
        try? StoredJSON.text(value)
    }
}
