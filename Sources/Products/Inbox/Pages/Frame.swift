import Base
import Caching
import Web

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

/// Makes frames; a person's companies are kept for ten minutes.
final class FrameDesk: Sendable {
    private let companiesOf: CompanyListing
    private let known: Cache<ID<Person>, [CompanyPlace]>

    init(caches: CacheRegistry, companiesOf: @escaping CompanyListing) {
        self.companiesOf = companiesOf
        known = Cache("inbox.companies", CacheOptions(ttl: .seconds(600), capacity: 50_000), in: caches)
    }

    /// The frame of a page for who asked for it.
    func frame(_ place: Frame.Place?, for context: RequestContext) async throws -> Frame {
        let person = try context.person()
        let seat = context.principal.role.map(Seat.init) ?? .agent
        let places = try await known.value(for: person, in: context.tenant) { [companiesOf] in
            try await shared { try await companiesOf(person) }
        }
        let here = places.first { $0.tenant == context.tenant }
        let companies = places.compactMap { company -> Frame.Company? in
            guard company.tenant != context.tenant else {
                return Frame.Company(href: Addresses.base, name: company.name, isCurrent: true)
            }
            let address = Self.address(of: company, from: context.header("host") ?? context.host, here: here)
            return address.map { Frame.Company(href: $0, name: company.name, isCurrent: false) }
        }
        return Frame(
            tabs: Frame.tabs(place, for: seat), companies: companies, hasCompanies: companies.count > 1,
            companyName: here?.name ?? "", person: person.description, seat: seat.rawValue, isAdmin: seat >= .admin)
    }

    /// Where another company is served: at its own host, else beside this one under the installation's domain; `nil` when
    /// neither is known.
    static func address(of company: CompanyPlace, from host: String, here: CompanyPlace?) -> String? {
        let parts = host.split(separator: ":", maxSplits: 1)
        guard let name = parts.first else { return nil }
        let port = parts.count == 2 ? ":\(parts[1])" : ""
        if let own = company.host { return "//\(own)\(port)\(Addresses.base)" }
        guard let here, name.hasPrefix(here.slug + ".") else { return nil }
        return "//\(company.slug)\(name.dropFirst(here.slug.count))\(port)\(Addresses.base)"
    }
}
