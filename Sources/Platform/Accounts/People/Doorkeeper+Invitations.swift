public import Base
import Storage
import Telemetry
import Web

/// Lets those in who were invited, whether the tenant is open or not.
extension Doorkeeper {
    /// Makes an account for the address of an invitation, and lets its person into the tenant.
    ///
    /// One statement, and a transaction of seven: account, place and use of the invitation are one.
    ///
    /// - Parameters:
    ///   - name: The name that others see.
    ///   - password: What was typed as the password.
    ///   - token: The text of the invitation's link.
    ///   - tenant: Which tenant the person enters.
    ///   - address: The client's address.
    /// - Returns: The outcome; ``SignUpOutcome/emailTaken`` leaves the invitation good for who signs in.
    /// - Throws: `accounts.invitationUnknown`, `…Used`, `…Withdrawn`, `…Expired`, `accounts.busy`, or a `StorageError`.
    public func signUp(
        name: String, password: Secret<String>, by token: Secret<String>, into tenant: Tenant, from address: IPAddress
    ) async throws -> SignUpOutcome {
        let invitation = try await invitation(token, in: tenant)
        guard let name = PersonName(name) else {
            return .invalid(.nameInvalid, "A name has 1 to \(PersonName.charactersMax) characters.")
        }
        if let refusal = PasswordRule.refusal(of: password, email: invitation.email) {
            return .invalid(.passwordInvalid, refusal)
        }
        if let wait = gate.admitSignUp(address) { return .limited(retryAfter: wait) }
        let hash = try await hash(password)
        let now = clock.now()
        let id = ID<Person>(at: now, using: randomness)
        let isNew = try await storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            guard
                try await people.insert(
                    id, email: invitation.email, name: name, password: hash, isOperator: false, at: now,
                    in: transaction)
            else { return false }
            try await trail.append(
                "person.registered", by: .person(id), on: ("person", id.description),
                ["role": invitation.role.rawValue], for: tenant, in: transaction)
            _ = try await settle(invitation, token, for: id, named: name.text, at: now, in: tenant, transaction)
            return true
        }
        guard isNew else { return .emailTaken }
        events.record(.personRegistered, ["person": .text(id.description)])
        let profile = Profile(
            id: id, email: invitation.email, name: name.text, isOperator: false, verifiedAt: nil, bannedAt: nil,
            createdAt: now)
        return .welcome(Welcome(profile: profile, role: invitation.role, version: 1))
    }

    /// Signs somebody in by the address of an invitation and a password, and lets them into the tenant.
    ///
    /// Two statements, and a transaction of five to seven.
    ///
    /// - Parameters:
    ///   - password: What was typed as the password.
    ///   - token: The text of the invitation's link.
    ///   - tenant: Which tenant the person enters.
    ///   - address: The client's address; wrong passwords count as failed sign-ins.
    /// - Returns: The outcome.
    /// - Throws: As ``signUp(name:password:by:into:from:)``.
    public func signIn(
        password: Secret<String>, by token: Secret<String>, into tenant: Tenant, from address: IPAddress
    ) async throws -> SignInOutcome {
        let invitation = try await invitation(token, in: tenant)
        if let wait = gate.admit(invitation.email, address) {
            events.record(.signInRefused, label: "limited", ["reason": "limited"])
            return .limited(retryAfter: wait)
        }
        switch try await prove(invitation.email, password, tenant) {
        case .refused:
            events.record(.signInRefused, label: "credentials", ["reason": "credentials"])
            return .refused
        case .banned:
            gate.forgive(invitation.email, address)
            events.record(.signInRefused, label: "banned", ["reason": "banned"])
            return .banned
        case .known(let found):
            gate.forgive(invitation.email, address)
            let welcome = try await enter(found, by: invitation, token, in: tenant)
            events.record(.signInSucceeded, ["person": .text(found.profile.id.description)])
            return .welcome(welcome)
        }
    }

    /// Accepts an invitation for somebody who is signed in.
    ///
    /// - Parameters:
    ///   - token: The text of the invitation's link.
    ///   - person: Who is signed in; must have the invitation's address.
    ///   - tenant: Which tenant the person enters.
    /// - Returns: What the session is made of from now on.
    /// - Throws: `accounts.invitationForAnother`; `accounts.banned`; as ``signUp(name:password:by:into:from:)``.
    public func accept(
        _ token: Secret<String>, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Welcome {
        let invitation = try await invitation(token, in: tenant)
        guard let found = try await people.credentials(of: person, in: tenant), found.profile.email == invitation.email
        else {
            throw AccountsError(
                .invitationForAnother,
                "This invitation is for another address than the one you are signed in by. Sign out, then open it again."
            )
        }
        guard found.profile.bannedAt == nil, !found.isBannedHere else {
            throw AccountsError(.banned, "This account is banned here.")
        }
        return try await enter(found, by: invitation, token, in: tenant)
    }

    // MARK: Steps

    /// The invitation of a link, which must be open.
    func invitation(_ token: Secret<String>, in tenant: Tenant) async throws -> Invitation {
        try await invitation(token, in: tenant, through: storage.reader(for: tenant))
    }

    private func invitation(
        _ token: Secret<String>, in tenant: Tenant, through reading: any Reading
    ) async throws -> Invitation {
        let found = try await InvitationStore(storage: storage).find(
            InvitationText.hash(token), in: tenant, through: reading)
        guard let found else { throw Self.unknown }
        try found.checkOpen(at: clock.now())
        return found
    }

    static var unknown: AccountsError {
        AccountsError(
            .invitationUnknown,
            "There is no such invitation here: its link is not whole, or a newer one was sent since. Look for the newest."
        )
    }

    private func enter(
        _ found: Credentials, by invitation: Invitation, _ token: Secret<String>, in tenant: Tenant
    ) async throws -> Welcome {
        let now = clock.now()
        let person = found.profile.id
        let raised = try await storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            try await settle(
                invitation, token, for: person, named: found.profile.name, at: now, in: tenant, transaction)
        }
        if let raised {
            await epochs.announce(person, version: raised)
            events.record(.sessionsRevoked, ["person": .text(person.description), "reason": "role.changed"])
        }
        let role = found.profile.isOperator ? .operator : max(found.role ?? invitation.role, invitation.role)
        return Welcome(profile: found.profile, role: role, version: raised ?? found.version)
    }

    /// Uses the invitation up and gives its place; returns the version of sessions when a member's role was raised.
    ///
    /// A member keeps a role that is higher, and an owner stays one.
    private func settle(
        _ invitation: Invitation, _ token: Secret<String>, for person: ID<Person>, named name: String,
        at now: Timestamp, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Int? {
        let claimed = try await InvitationStore(storage: storage).claim(
            invitation.id, hash: InvitationText.hash(token), for: person, at: now, in: tenant, through: transaction)
        guard claimed else {
            // Somebody was faster: what has become of it says more than that it is not there.
            _ = try await self.invitation(token, in: tenant, through: transaction)
            throw Self.unknown
        }
        var raised: Int?
        if try await !people.join(person, tenant, as: invitation.role, isOwner: false, at: now, in: transaction),
            try await people.raiseRole(to: invitation.role, of: person, in: tenant, transaction)
        {
            raised = try await people.raiseEpoch(of: person, at: now, transaction)
        }
        try await trail.append(
            "invitation.accepted", by: .person(person), on: ("invitation", invitation.id.description),
            ["role": invitation.role.rawValue], for: tenant, in: transaction)
        if invitation.invitedBy != person {
            try await Notifications(storage: storage, clock: clock, randomness: randomness).notify(
                [invitation.invitedBy], .invitationAccepted,
                NoticeMessage(title: "\(name) has accepted your invitation", link: "/"), for: tenant, in: transaction)
        }
        return raised
    }
}

extension NoticeKind {
    /// Somebody whom one has invited is a member now.
    public static let invitationAccepted = NoticeKind(
        "accounts.invitationAccepted", "Somebody accepts my invitation")
}
