"""Who you are, what you may do, and your signature."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import signals
        from audit.trail import name_verbs

        signals.connect()
        name_verbs(
            {
                "account.login": "signed in",
                "account.logout": "signed out",
                "account.login_failed": "failed to sign in",
                "signature.refused": "was refused a signature",
                "role.grant": "was given a role",
                "role.end": "lost a role",
                "token.issue": "issued a key",
                "token.revoke": "revoked a key",
                "invitation.send": "invited",
                "invitation.accept": "accepted the invitation",
                "access.denied": "was denied access",
            }
        )
