import Base

/// Where browsers fetch the files of clips: from this site, or under a public base address that a delivery network
/// serves.
///
/// Rows keep the address on this site, so that the network may be changed, or left, at any time. Under the base the
/// tenant stands in the address, since a network asks under one name for all of them.
struct FileAddresses: Sendable {
    /// As in `https://cdn.example.com`; `nil` for this site.
    let base: String?

    private static let local = "\(Addresses.base)/files/"

    /// A file's address on this site, by its name.
    static func address(of name: String) -> String { local + name }

    /// A file's path below the base.
    static func path(of name: String, in tenant: Tenant) -> String { "\(local)\(tenant.id)/\(name)" }

    /// The address that a browser is given for one that a row holds.
    func shown(_ address: String, in tenant: Tenant) -> String {
        guard let base, address.hasPrefix(Self.local) else { return address }
        return base + Self.path(of: String(address.dropFirst(Self.local.count)), in: tenant)
    }

    func shown(_ files: Clip.Files, in tenant: Tenant) -> Clip.Files {
        Clip.Files(
            poster: files.poster.map { shown($0, in: tenant) }, small: files.small.map { shown($0, in: tenant) },
            large: files.large.map { shown($0, in: tenant) })
    }

    /// What nobody has approved yet, or what was taken away, is not handed to a network that keeps it.
    func shown(_ clip: Clip, in tenant: Tenant) -> Clip {
        guard clip.state.isPublic else { return clip }
        var clip = clip
        clip.files = shown(clip.files, in: tenant)
        return clip
    }

    func shown(_ entered: EnteredClip, in tenant: Tenant) -> EnteredClip {
        EnteredClip(clip: shown(entered.clip, in: tenant), entry: entered.entry)
    }
}
