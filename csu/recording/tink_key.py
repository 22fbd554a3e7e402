"""One key, as Tink holds it: reviewed framing, and each stream derives a key of its own from 32 random bytes."""

from __future__ import annotations

from io import BytesIO
from typing import NoReturn

import tink
from tink import streaming_aead

from csu.hal.keys import KeyName, KeyStoreUnavailable, SealBroken
from csu.hal.words import Words

streaming_aead.register()
TEMPLATE = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB
"""No nonce is ever used twice."""
NO_KEY_DO = Words("Vérifiez le volume des clés", "Check the volume of the keys")


class TinkKey:
    """A `DayKey`: a Tink keyset that seals each record as one stream."""

    __slots__ = ("_name", "_primitive")

    def __init__(self, name: KeyName, handle: tink.KeysetHandle) -> None:
        self._name = name
        self._primitive = handle.primitive(streaming_aead.StreamingAead)

    @property
    def name(self) -> KeyName:
        return self._name

    def __repr__(self) -> str:
        return f"<key of {self._name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the key of {self._name} does not travel")

    def seal(self, content: bytes, about: bytes) -> bytes:
        """See DayKey.seal."""
        target = _Kept()
        try:
            with self._primitive.new_encrypting_stream(target, about) as stream:
                stream.write(content)
        except tink.TinkError:
            what = Words("le chiffrement a échoué", "sealing failed")
            raise KeyStoreUnavailable(what, where=str(self._name), what_to_do=NO_KEY_DO) from None
        return bytes(target.content)

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """See DayKey.unseal."""
        try:
            with self._primitive.new_decrypting_stream(BytesIO(sealed), about) as stream:
                return bytes(stream.read())
        except tink.TinkError:
            raise SealBroken(
                Words("ce contenu a été modifié, déplacé ou coupé", "this content was changed, moved or cut"),
                where=str(self._name),
                what_to_do=Words("Ne vous fiez pas à ce fichier ; gardez-le tel quel", "Do not trust it; leave it"),
            ) from None


class _Kept(BytesIO):
    """Where Tink writes; Tink closes it, and the content stays."""

    content: bytes | memoryview = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()
