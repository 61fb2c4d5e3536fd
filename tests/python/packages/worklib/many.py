"""More names than an import's reply lists."""

globals().update({f"name_{number}": number for number in range(5000)})


def zzz_last():
    return "called"
