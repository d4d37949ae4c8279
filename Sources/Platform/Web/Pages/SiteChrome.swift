public import Base

/// What surrounds every page: name, navigation, foot.
public struct SiteChrome: Sendable {
    /// A link in the navigation.
    public struct Link: Sendable {
        /// Who is shown a link.
        public enum Audience: Sendable, Hashable {
            /// Everybody.
            case everybody
            /// Who is signed in.
            case signedIn
            /// Who has at least a role.
            case role(Role)
        }

        /// Where it leads.
        public var href: String
        /// What it says.
        public var label: String
        /// The name of its icon in `web/icons.svg`.
        public var icon: String
        /// Who is shown it.
        public var audience: Audience
        /// The path below which pages belong to it.
        public var section: String

        /// Makes a link; pages below `section` belong to it, those below `href` when left out.
        public init(
            href: String, label: String, icon: String = "", for audience: Audience = .everybody, section: String? = nil
        ) {
            self.href = href
            self.label = label
            self.icon = icon
            self.audience = audience
            self.section = section ?? href
        }

        func isShown(to principal: Principal?) -> Bool {
            switch audience {
            case .everybody: true
            case .signedIn: principal?.person != nil
            case .role(let role): principal?.has(role) ?? false
            }
        }
    }

    /// The site's name where the tenant has none.
    public var name: String
    /// The name of a tenant's site; `nil` where it has none.
    public var nameOf: @Sendable (Tenant) -> String?
    /// Where the name leads.
    public var home: String
    /// The main navigation.
    public var navigation: [Link]
    /// Links at the foot.
    public var footer: [Link]
    /// Where one signs in; `nil` when one cannot.
    public var signInPath: String?
    /// Where a signed-in person finds their account.
    public var accountPath: String

    /// Makes the surroundings.
    public init(
        name: String, nameOf: @escaping @Sendable (Tenant) -> String? = { _ in nil }, home: String = "/",
        navigation: [Link] = [], footer: [Link] = [], signInPath: String? = nil,
        accountPath: String = "/account"
    ) {
        self.name = name
        self.nameOf = nameOf
        self.home = home
        self.navigation = navigation
        self.footer = footer
        self.signInPath = signInPath
        self.accountPath = accountPath
    }

    /// The surroundings as the layout reads them, for whom and where `context` says.
    func model(in context: RequestContext?, now: Int64) -> [String: Any] {
        let path = context?.path ?? ""
        // What everybody may keep is the same for all.
        let principal = context.flatMap { $0.route.cache.isPublic ? nil : $0.principal }
        let navigation = navigation.filter { $0.isShown(to: principal) }
        let current = navigation.filter { path == $0.section || path.hasPrefix($0.section + "/") }
            .max { $0.section.count < $1.section.count }?.href
        var model: [String: Any] = [
            "name": context.flatMap { nameOf($0.tenant) } ?? name, "home": home, "now": now,
            "hasNavigation": !navigation.isEmpty,
            "navigation": navigation.map {
                ["href": $0.href, "label": $0.label, "icon": $0.icon, "isCurrent": $0.href == current] as [String: Any]
            },
            "footer": footer.map { ["href": $0.href, "label": $0.label] },
        ]
        if let signInPath { model["signInHref"] = signInPath }
        // What everybody may keep must not show who asked for it.
        guard let context, !context.route.cache.isPublic else { return model }
        model["formToken"] = context.formToken
        if context.principal.person != nil {
            model["person"] = ["href": accountPath, "name": "Account"]
        }
        return model
    }
}
