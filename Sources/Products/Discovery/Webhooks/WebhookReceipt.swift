import Base

import typealias Storage.SQLConvertible

/// A delivery of an outside service that was verified and kept.
struct WebhookReceipt: Sendable, Hashable {
    /// Who sends.
    enum Source: String, Sendable, Hashable, CaseIterable, Codable, SQLConvertible {
        /// Billing, by Stripe.
        case stripe
        /// People, by Svix or Clerk.
        case identity
    }

    enum Bounds {
        static let payloadBytes = 65_536
        static let idBytes = 255
        static let kindBytes = 120
    }

    let id: ID<WebhookReceipt>
    let source: Source
    /// The sender's id, by which a delivery that comes again is known.
    let externalID: String
    let kind: String
    let receivedAt: Timestamp
    let payload: [UInt8]
}

/// What a delivery means to us.
enum WebhookEffect: Sendable, Hashable {
    /// A subscription is as told.
    case plan(Workspace, toldAt: Timestamp)
    /// A person outside is as told.
    case person(OutsidePerson, toldAt: Timestamp)
    /// It means nothing to us: kept and acknowledged.
    case nothing

    /// What is kept of it.
    var word: String {
        switch self {
        case .plan: "plan"
        case .person: "person"
        case .nothing: "nothing"
        }
    }
}

/// A person as the identity service knows them.
struct OutsidePerson: Sendable, Hashable {
    let externalID: String
    let name: String
    let email: String?
    let isGone: Bool
}

/// Reads what deliveries mean; everything in them may be missing or new.
enum WebhookReading {
    /// What an event of Stripe's means.
    ///
    /// - Parameters:
    ///   - body: the event.
    ///   - prices: which plan a price stands for.
    ///   - zone: the zone of the workspace.
    /// - Returns: the effect; nothing for events that are of no use to us.
    static func stripe(_ body: LooseJSON, prices: [String: CreditPlan], zone: String) -> WebhookEffect {
        guard let kind = body["type"]?.text, kind.hasPrefix("customer.subscription."), let object = body["data.object"],
            let toldAt = body["created"]?.moment
        else { return .nothing }
        let item = object["items.data"]?.elements.first
        let price = item?["price.id", "plan.id"]?.text ?? object["plan.id"]?.text
        let isActive =
            kind != "customer.subscription.deleted"
            && ["active", "trialing", "past_due"].contains(object["status"]?.text ?? "")
        guard let plan = price.flatMap({ prices[$0] }) else { return .nothing }
        let start = object["billing_cycle_anchor", "current_period_start", "start_date"]?.moment ?? toldAt
        return .plan(
            Workspace(
                plan: plan, startedAt: start, zone: zone, subscription: object["id"]?.text, isActive: isActive),
            toldAt: toldAt)
    }

    /// What an event of the identity service means.
    static func identity(_ body: LooseJSON, receivedAt: Timestamp) -> WebhookEffect {
        guard let kind = body["type"]?.text, kind.hasPrefix("user."), let user = body["data"],
            let id = user["id"]?.text, id.utf8.count <= 200
        else { return .nothing }
        let isGone = kind == "user.deleted" || user["deleted"]?.flag == true
        let names = [user["first_name"]?.text, user["last_name"]?.text].compactMap { $0 }
        let email = user["email_addresses"]?.elements.first?["email_address"]?.text.flatMap(ContactFinding.address)
        let toldAt = user["updated_at"]?.moment ?? body["timestamp"]?.moment ?? receivedAt
        return .person(
            OutsidePerson(
                externalID: id, name: isGone ? "" : String(names.joined(separator: " ").prefix(200)),
                email: isGone ? nil : email, isGone: isGone), toldAt: toldAt)
    }
}
