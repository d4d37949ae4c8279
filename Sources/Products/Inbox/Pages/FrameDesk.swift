import Base
import Caching
import Web

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
            companyName: here?.name ?? "", person: person.description, seat: seat.rawValue, isAdmin: seat >= .admin,
            isOwner: seat >= .owner)
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
