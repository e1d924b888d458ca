"""Who you are, what you may do, and your signature."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import signals
        from accounts.secondfactor import secrets_are_sealed
        from accounts.signatures import signatures_match
        from audit import verification
        from audit.trail import name_verbs

        signals.connect()
        verification.register("every signature matches its record", signatures_match)
        verification.register("secrets of second factors are encrypted", secrets_are_sealed)
        name_verbs(
            {
                "account.login": "signed in",
                "account.logout": "signed out",
                "account.login_failed": "failed to sign in",
                "account.password_set": "set a password",
                "account.password_changed": "changed the password",
                "account.password_reset": "set a new password by e-mail",
                "account.second_factor_added": "added a second factor",
                "account.second_factor_removed": "removed a second factor",
                "account.second_factor_reset": "renewed the recovery codes",
                "account.second_factor_revoked": "reset the second factor",
                "account.second_factor_key_rotated": "changed the key of second factors",
                "signature.refused": "was refused a signature",
                "role.grant": "gave a role to",
                "role.end": "ended a role of",
                "token.issue": "issued a key",
                "token.revoke": "revoked a key",
                "invitation.send": "invited",
                "invitation.accept": "accepted the invitation",
                "access.denied": "was denied access",
            }
        )
