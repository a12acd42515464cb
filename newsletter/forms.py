from django import forms


class SubscribeForm(forms.Form):
    email = forms.EmailField(
        label="Your e-mail address",
        max_length=254,
        error_messages={
            "required": "Please write your e-mail address here.",
            "invalid": "This does not look like an e-mail address. Is a letter missing?",
        },
    )
