import Logging
import Telemetry

/// What the product tells about itself; `Documentation/Reference/inbox-events.md` shows them as a table.
extension Event {
    static let inbox: [Event] = [
        .hookReceived, .hookRefused, .deliveryIngested, .deliveryBuried, .entrySkipped, .channelChanged,
        .messageSent, .messageFailed, .messageUncertain, .botTurned, .countsMended, .endpointPaused,
        .conversationsRetired, .filesRetired,
    ]

    static let hookReceived = Event(
        "hook.received", .info, "A delivery of a vendor was verified and kept.", fields: ["kind", "isRepeat"],
        feeds: .counter("capstan_inbox_hooks_total"))
    static let hookRefused = Event(
        "hook.refused", .warning, "A delivery was refused before it was kept.", fields: ["kind", "reason"],
        feeds: .counter("capstan_inbox_hooks_refused_total"))
    static let deliveryIngested = Event(
        "delivery.ingested", .info, "Kept deliveries of a conversation were worked off.",
        fields: ["kind", "messages", "lag"], feeds: .histogram("capstan_inbox_ingest_lag_seconds"))
    static let deliveryBuried = Event(
        "delivery.buried", .error, "A kept delivery was given up; the channel's page offers to try again.",
        fields: ["kind", "reason"], feeds: .counter("capstan_inbox_deliveries_buried_total"))
    static let entrySkipped = Event(
        "entry.skipped", .notice, "Something in a delivery means nothing here.", fields: ["kind", "reason"],
        feeds: .counter("capstan_inbox_entries_skipped_total"))
    static let channelChanged = Event(
        "channel.changed", .warning, "A channel is in another state of health.", fields: ["kind", "health"])
    static let messageSent = Event(
        "message.sent", .info, "A vendor has taken a message.", fields: ["kind", "took"],
        feeds: .histogram("capstan_inbox_send_seconds"))
    static let messageFailed = Event(
        "message.failed", .warning, "A message cannot be sent; its thread says why.", fields: ["kind", "reason"],
        feeds: .counter("capstan_inbox_sends_failed_total"))
    static let messageUncertain = Event(
        "message.uncertain", .warning, "Whether a message was sent is not known; its echo is waited for.",
        fields: ["kind"], feeds: .counter("capstan_inbox_sends_uncertain_total"))
    static let countsMended = Event(
        "counts.mended", .error, "A day said something else than its hours, and was written anew.", fields: ["rows"],
        feeds: .counter("capstan_inbox_counts_mended_total"))
    static let botTurned = Event(
        "bot.turned", .info, "The bot has had its turn.", fields: ["outcome"],
        feeds: .counter("capstan_inbox_bot_turns_total"))
    static let endpointPaused = Event(
        "endpoint.paused", .warning, "An address of a company's is told nothing more until somebody lets it go on.",
        fields: ["reason"])
    static let conversationsRetired = Event(
        "conversations.retired", .info, "Closed conversations went that a company keeps no longer.",
        fields: ["conversations"], feeds: .counter("capstan_inbox_conversations_retired_total"))
    static let filesRetired = Event(
        "files.retired", .info, "Contents of files went: for their age, or because nothing led to them.",
        fields: ["files", "reason"], feeds: .counter("capstan_inbox_files_retired_total"))
}
