/// What can go wrong with one call to a ``ScriptedVendor``: its fault dial.
public enum VendorFault: Sendable, Hashable {
    /// The vendor does not take it and asks to wait, with this many seconds where it names any.
    case busy(seconds: Int?)
    /// The vendor does not take it: this status, and nothing in it that could be read.
    case failing(status: Int)
    /// The vendor takes it and then fails with this status.
    case failingAfterTaking(status: Int)
    /// The vendor does not take it and says that this is temporary.
    case temporary
    /// An error of this code, and sub-code, with a status that says that all is well.
    case errorWithGoodStatus(code: Int, subcode: Int?)
    /// The connection ends before anything is taken.
    case drop
    /// The vendor takes it and never answers.
    case silence
    /// The vendor takes it; the connection ends in the middle of the answer.
    case cut
    /// The vendor takes it and answers something that is no JSON.
    case nonsense
    /// The vendor takes it and answers without the message's id.
    case withoutId
}
