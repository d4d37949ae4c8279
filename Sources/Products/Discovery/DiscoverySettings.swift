import Base
import Hosting

/// How the product is set up, checked once at the start.
struct DiscoverySettings: Sendable {
    enum Key {
        static let vendorKey = Setting(
            "discovery.vendorKey", .secret, default: nil,
            "The key for ScrapeCreators; without it a built-in directory of invented creators answers.")
        static let vendorAddress = Setting(
            "discovery.vendorAddress", .text, default: "https://api.scrapecreators.com/", "Where ScrapeCreators is.")
        static let callCost = Setting(
            "discovery.vendorCallCost", .integer(0...1_000_000, unit: "millionths of a dollar"), default: "1880",
            "What a call to the vendor costs, as owners are shown it.")
        static let callsPerDay = Setting(
            "discovery.vendorCallsPerDay", .integer(1...10_000_000, unit: "calls"), default: "25000",
            "Calls that a workspace may make in a day; at four fifths an event tells of it.")
        static let plan = Setting(
            "discovery.plan", .choice(CreditPlan.allCases.map(\.rawValue)), default: "large",
            "The plan of a workspace whose subscription nobody has told of.")
        static let stripeSecrets = Setting(
            "discovery.stripeSecrets", .secret, default: nil,
            "The signing secrets of Stripe's webhook, separated by spaces while one takes the place of another.")
        static let stripePrices = Setting(
            "discovery.stripePrices", .text, default: nil,
            "Which plan a price of Stripe's stands for: price_1=small,price_2=medium.")
        static let identitySecrets = Setting(
            "discovery.identitySecrets", .secret, default: nil,
            "The signing secrets of the identity service's webhook (Svix, Clerk), separated by spaces.")
        static let all = [
            vendorKey, vendorAddress, callCost, callsPerDay, plan, stripeSecrets, stripePrices, identitySecrets,
        ]
    }

    var vendorKey: Secret<String>?
    var vendorAddress = "https://api.scrapecreators.com/"
    var callCost: Int64 = 1_880
    var callsPerDay = 25_000
    var plan = CreditPlan.large
    var stripeSecrets: [Secret<String>] = []
    var stripePrices: [String: CreditPlan] = [:]
    var identitySecrets: [Secret<String>] = []

    /// The defaults.
    init() {}

    /// Reads the settings.
    ///
    /// - Throws: `hosting.invalidSetting`.
    init(_ settings: Settings) throws(HostingError) {
        vendorKey = settings.secret(Key.vendorKey).flatMap { $0.reveal(\.isEmpty) ? nil : $0 }
        vendorAddress = settings.text(Key.vendorAddress) ?? vendorAddress
        callCost = Int64(settings.integer(Key.callCost))
        callsPerDay = settings.integer(Key.callsPerDay)
        plan = settings.text(Key.plan).flatMap(CreditPlan.init(rawValue:)) ?? .large
        stripeSecrets = Self.secrets(settings.secret(Key.stripeSecrets))
        identitySecrets = Self.secrets(settings.secret(Key.identitySecrets))
        for entry in (settings.text(Key.stripePrices) ?? "").split(separator: ",") {
            let parts = entry.split(separator: "=").map { $0.filter { !$0.isWhitespace } }
            guard parts.count == 2, let plan = CreditPlan(rawValue: parts[1]) else {
                throw HostingError(
                    .invalidSetting, "\(Key.stripePrices.key) must list prices with plans, as in price_1=small")
            }
            stripePrices[parts[0]] = plan
        }
    }

    private static func secrets(_ secret: Secret<String>?) -> [Secret<String>] {
        secret?.reveal { text in text.split(separator: " ").map { Secret(String($0)) } } ?? []
    }
}
