import Git
import GitHistory
import UnifiedDiff

/// One message of a mailbox of patches, as written by `git format-patch --stdout`; or the whole text if it is not a mailbox.
package struct PatchMail: Sendable {
    /// The author, date and text before the diff; nil if the patch has none.
    package let message: PatchMessage?
    /// The original bytes of the message.
    package let text: [UInt8]
    /// What errors call it.
    package let origin: String
    /// A name for the patch that somebody chose, such as that of its file; nil if nobody did.
    package let label: String?

    /// The message's subject without the prefix in brackets; nil if it has none.
    package var subject: String? { message?.subject }

    package init(_ text: [UInt8], from origin: String, label: String? = nil) {
        message = PatchMessage(of: text)
        self.text = text
        self.origin = origin
        self.label = label
    }

    /// The messages of a text that change a file.
    ///
    /// - Parameter origin: the text's name in errors.
    /// - Throws: `PatchesError.malformed` if the text is not a patch.
    package static func mails(in text: [UInt8], from origin: String) throws(PatchesError) -> [PatchMail] {
        let messages: [[UInt8]]
        do { messages = try Patch.messages(in: text) } catch { throw .malformed(file: origin, error) }
        return messages.enumerated().map { index, text in
            PatchMail(text, from: messages.count == 1 ? origin : "\(origin), message \(index + 1)")
        }
    }
}
