import Logging
import Telemetry

/// What the product tells about itself; `Documentation/Reference/discovery-events.md` shows them as a table.
extension Event {
    static let discovery: [Event] = [
        .searchStarted, .searchEnded, .keywordFailed, .countDiffered, .vendorAnswered, .vendorFailed, .vendorPaused,
        .vendorResumed, .watchFailed, .quotaNeared, .quotaSpent, .webhookReceived, .webhookRefused, .webhookApplied,
    ]

    static let searchStarted = Event(
        "search.started", .info, "A person has started a search.", fields: ["keywords", "target", "round"],
        feeds: .counter("capstan_discovery_searches_total"))
    static let searchEnded = Event(
        "search.ended", .info, "A search is over.", fields: ["state", "found", "took"],
        feeds: .histogram("capstan_discovery_search_seconds"))
    static let keywordFailed = Event(
        "keyword.failed", .warning, "A keyword of a search was given up; its credits are released.",
        fields: ["platform", "reason"], feeds: .counter("capstan_discovery_keywords_failed_total"))
    static let countDiffered = Event(
        "count.differed", .error, "A counter of a search differed from its rows and was set right.",
        fields: ["counter", "stored", "counted"], feeds: .counter("capstan_discovery_count_differences_total"))
    static let vendorAnswered = Event(
        "vendor.answered", .debug, "A vendor answered a call.", fields: ["vendor", "call", "took"],
        feeds: .histogram("capstan_discovery_vendor_seconds"))
    static let vendorFailed = Event(
        "vendor.failed", .warning, "A call to a vendor failed.", fields: ["vendor", "call", "reason"],
        feeds: .counter("capstan_discovery_vendor_failures_total"))
    static let vendorPaused = Event(
        "vendor.paused", .critical, "All work at a vendor waits: its key is refused or its credit is spent.",
        fields: ["vendor", "reason"])
    static let vendorResumed = Event(
        "vendor.resumed", .notice, "A vendor that had been paused answers again.", fields: ["vendor"])
    static let watchFailed = Event(
        "watch.failed", .warning, "Watchers of a search could not be told at once; they read it later.",
        fields: ["reason"])
    static let quotaNeared = Event(
        "quota.neared", .warning, "A workspace has made four fifths of a day's vendor calls.",
        fields: ["calls", "limit"])
    static let quotaSpent = Event(
        "quota.spent", .error, "A workspace has made all of a day's vendor calls; its searches wait.",
        fields: ["calls", "limit"])
    static let webhookReceived = Event(
        "webhook.received", .info, "A delivery of an outside service was verified and kept.",
        fields: ["source", "isRepeat"])
    static let webhookRefused = Event(
        "webhook.refused", .warning, "A delivery was refused before it was kept.", fields: ["source", "reason"])
    static let webhookApplied = Event(
        "webhook.applied", .info, "A kept delivery was carried out.", fields: ["source", "outcome"])
}
