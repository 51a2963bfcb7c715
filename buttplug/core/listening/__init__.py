"""Websockets that anybody may open, for clients and for devices: how many, how much of each, and when they are over."""
