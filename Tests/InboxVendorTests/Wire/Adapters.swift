import Base
import Limits
import Outbound
import OutboundTestKit
import Telemetry

@testable import InboxVendors

/// Adapters whose pure half is looked at: they could call nobody but the loopback.
enum MetaRules {
    static func adapter(_ kind: ChannelKind = .messenger) -> MetaClient { MetaClient(kind, through: .quiet()) }
}

enum TelegramRules {
    static func adapter() -> TelegramClient { TelegramClient(through: .quiet()) }
}

extension VendorClient {
    static func quiet() -> VendorClient {
        let clock = SystemClock()
        return VendorClient(
            "quiet", through: OutboundClient(clock: clock, events: .silent(clock: clock)), clock: clock)
    }
}

/// A thread as the simplest store would keep it: what an ingest has to come to.
struct Threads {
    struct Line: Equatable {
        var text: String?
        var isEcho: Bool
        var at: Timestamp
        var editedAt: Timestamp?
    }

    var lines: [String: [String: Line]] = [:]
    var seen: Set<String> = []
    /// Edits and deletions whose message has not come yet.
    private var early: [String: [InboundEntry]] = [:]

    mutating func take(_ delivery: Delivery, _ adapter: some ChannelAdapter) throws {
        guard seen.insert(delivery.key).inserted else { return }
        for entry in try adapter.entries(of: Delivery(raw: delivery.raw)) { take(entry) }
    }

    private mutating func take(_ entry: InboundEntry) {
        guard let id = entry.externalId, let at = entry.sentAt else { return }
        let thread = "\(entry.account ?? "")/\(entry.externalUserId)"
        switch entry.kind {
        case .message, .echo:
            guard lines[thread]?[id] == nil else { return }
            lines[thread, default: [:]][id] = Line(text: entry.text, isEcho: entry.kind == .echo, at: at)
            for waiting in early.removeValue(forKey: id) ?? [] { take(waiting) }
        case .edit, .deletion:
            guard var line = lines[thread]?[id] else {
                early[id, default: []].append(entry)
                return
            }
            if entry.kind == .deletion {
                line.text = nil
            } else if line.text != nil, at > line.editedAt ?? .epoch {
                line.text = entry.text
                line.editedAt = at
            }
            lines[thread]?[id] = line
        default: return
        }
    }
}
