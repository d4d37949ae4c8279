import Base
import Blobs
import NIOCore
import Storage

/// Pictures of creators: taken from the network at the first look, kept under their hash, never linked to the vendor, whose
/// addresses expire within days.
struct PictureDesk: Sendable {
    let storage: Storage
    let vendor: VendorDesk
    let blobs: any BlobStore

    private var store: CreatorStore { CreatorStore(storage: storage) }

    /// Where a creator's picture is among our objects; `nil` when there is none.
    func picture(of id: ID<Creator>, in tenant: Tenant) async throws -> BlobKey? {
        guard let row = try await store.picture(of: id, in: tenant) else { throw DiscoveryError.missing("creator") }
        if let hash = row.hash { return BlobHash(hash).map(BlobKey.init(contentAddress:)) }
        guard let address = row.address else { return nil }
        let picture: DirectoryPicture?
        do throws(DirectoryFailure) {
            picture = try await vendor.directory.picture(at: address)
        } catch {
            // It may be there at the next look.
            return nil
        }
        guard let picture else {
            try await store.setPicture(nil, from: address, of: id, in: tenant)
            return nil
        }
        let receipt = try await blobs.put(
            .contentAddress, for: tenant,
            BlobUpload(contentType: picture.mediaType, sizeMax: ScrapeCreatorsClient.Bounds.pictureMax),
            content: ByteBuffer(bytes: picture.bytes))
        try await store.setPicture(
            receipt.info.key.promisedHash?.description, from: address, of: id, in: tenant)
        return receipt.info.key
    }
}
