public import Base

/// What a product must answer for a person who wants their data, or wants it gone.
///
/// Accounts knows people, products know what people have done. Each product that keeps anything about people hands in one
/// of these; Accounts asks all of them, in each tenant that the person belongs to.
public struct PersonalData: Sendable {
    /// Takes one record of an export: what kind of thing it is, as in `comment`, and the thing itself.
    ///
    /// Suspends while whoever downloads is slower.
    public typealias Emit = (_ kind: String, _ value: any Encodable & Sendable) async throws -> Void

    /// The product, as in `tournament`.
    public let product: String
    /// Hands over everything that the product keeps about a person in a tenant, read in bounded parts.
    public let export: @Sendable (_ person: ID<Person>, _ tenant: Tenant, _ emit: Emit) async throws -> Void
    /// Takes one bounded step of removing a person from a tenant.
    ///
    /// Called again and again until it answers ``ErasureProgress/done``, possibly by another process after this one was
    /// killed at any point, and possibly by two at once: each step is a transaction that finds what is left by itself.
    public let erase: @Sendable (_ leaver: Leaver, _ tenant: Tenant) async throws -> ErasureProgress

    /// Declares what a product answers.
    ///
    /// - Parameters:
    ///   - product: the product, as in `tournament`.
    ///   - export: hands over everything that is kept about a person in a tenant.
    ///   - erase: takes one bounded step of removing a person from a tenant.
    public init(
        product: StaticString,
        export: @escaping @Sendable (_ person: ID<Person>, _ tenant: Tenant, _ emit: Emit) async throws -> Void,
        erase: @escaping @Sendable (_ leaver: Leaver, _ tenant: Tenant) async throws -> ErasureProgress
    ) {
        self.product = product.description
        self.export = export
        self.erase = erase
    }
}

/// A person who leaves for good.
public struct Leaver: Sendable, Hashable {
    /// Who.
    public let person: ID<Person>
    /// What stands in the person's place where something must stay: the same in all products, and made of chance, so
    /// that nothing leads back.
    public let pseudonym: ID<Person>

    /// Names a leaver.
    public init(person: ID<Person>, pseudonym: ID<Person>) {
        self.person = person
        self.pseudonym = pseudonym
    }
}

/// How far the removal of a person has come in one product and tenant.
public enum ErasureProgress: Sendable, Hashable {
    /// Something was removed; there may be more.
    case more
    /// Nothing is left.
    case done
    /// What is left has to wait, for a reason that the person may read: a count that is under way.
    case later(Duration, because: String)
}
