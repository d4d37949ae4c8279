import Base
import Storage
import Web

/// Reminders by form.
struct ReminderPageRoutes {
    let house: Playhouse

    var routes: [Route] { [remind] }

    private struct Sent: Input {
        let slot: ID<Slot>
        let wanted: String

        static let fields: [Field] = [.path("slot", .id), .body("wanted", .choice(["remind", "forget"]))]
    }

    private var remind: Route {
        Route(
            .post, "/tournament/slots/{slot}/reminder", "tournament.sendReminder",
            "Asks to be told when a slot opens, by form, or no longer.", policy: .signedIn,
            limit: CommentRoutes.acting, budget: 1, accepts: .form, status: 303
        ) { [house] (request: Request<Sent>) in
            let (input, tenant, now) = (request.input, request.tenant, house.clock.now())
            let person = try request.person()
            let store = house.reminders.store
            return try await Said.after(Addresses.results(input.slot), anchor: "main") {
                guard input.wanted == "remind" else {
                    try await house.storage.write(for: tenant) { transaction in
                        try await store.delete(input.slot, of: person, through: transaction, in: tenant)
                    }
                    return "forgotten"
                }
                let stands = try await house.storage.write(for: tenant) { transaction in
                    try await store.insert(input.slot, for: person, at: now, through: transaction, in: tenant)
                }
                return stands ? "reminded" : "unreminded"
            }
        }
    }
}

extension Playhouse {
    /// The slots that who asks is reminded of; `nil` for strangers, without a statement.
    func remindedSlots(_ context: RequestContext) async throws -> Set<ID<Slot>>? {
        guard let person = context.principal.person else { return nil }
        return try await reminders.store.slots(of: person, in: context.tenant)
    }
}
