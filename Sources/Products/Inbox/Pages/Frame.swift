import Base

/// Gives the companies in which a person has a place.
typealias CompanyListing = @Sendable (ID<Person>) async throws -> [CompanyPlace]

/// A company in which a person has a place, and where it is served.
struct CompanyPlace: Sendable, Hashable {
    let tenant: Tenant
    let slug: String
    let host: String?
    let name: String
}

/// What stands above each page: the parts of the product, and the person's companies.
///
/// Templates show it by `{{> inbox/frame}}`, and find it as the page's property `frame`.
struct Frame: Sendable {
    /// The parts, in order.
    enum Place: CaseIterable, Sendable {
        case inbox, contacts, search, knowledge, replies, dashboard, channels, team
    }

    /// A part in the row under the main navigation.
    struct Tab: Sendable {
        let href: String
        let label: String
        let isCurrent: Bool
    }

    /// A company that the person may change to.
    struct Company: Sendable {
        let href: String
        let name: String
        let isCurrent: Bool
    }

    let tabs: [Tab]
    let companies: [Company]
    /// Whether there is anything to choose.
    let hasCompanies: Bool
    let companyName: String
    /// Who looks at the page, as topics call them.
    let person: String
    /// The seat, for scripts that offer only what is allowed.
    let seat: String
    let isAdmin: Bool
    let isOwner: Bool

    static func tabs(_ current: Place?, for seat: Seat) -> [Tab] {
        Place.allCases.filter { $0 != .channels || seat >= .admin }.map { place in
            let (href, label) = link(place)
            return Tab(href: href, label: label, isCurrent: place == current)
        }
    }

    private static func link(_ place: Place) -> (href: String, label: String) {
        switch place {
        case .inbox: (Addresses.base, "Inbox")
        case .contacts: (Addresses.contacts, "Contacts")
        case .search: (Addresses.search, "Search")
        case .knowledge: (Addresses.knowledge, "Knowledge")
        case .replies: (Addresses.replies, "Replies")
        case .dashboard: (Addresses.dashboard, "Dashboard")
        case .channels: (Addresses.channels, "Channels")
        case .team: (Addresses.team, "Team")
        }
    }
}
